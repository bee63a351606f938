"""Campaigns in the store: where a post belongs, by the wording around its hit, and what joins and parts them.

The comparison is that of `handlewatch graph` (`monitor.graph`). The store keeps of each wording with its handles what
that needs, so that a post is placed by a few look-ups, however many campaigns there are.
"""

from monitor.campaigns.placing import Arrival, Placed, Placing

__all__ = ["Arrival", "Placed", "Placing"]
