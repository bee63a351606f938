"""Which posts may be set beside those of other platforms, by the terms of their platform and of their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.ports import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """A post is under the terms of its platform, and of the kind of source that brought it.

    :param unlinked_platforms: platforms that may not be linked with others; `unlinked_plugins`: kinds of source.
    :param unprofiled_platforms: those whose posts may not be gathered by account; likewise `unprofiled_plugins`.
    """

    unlinked_platforms: frozenset[str] = frozenset()
    unlinked_plugins: frozenset[str] = frozenset()
    unprofiled_platforms: frozenset[str] = frozenset()
    unprofiled_plugins: frozenset[str] = frozenset()

    @classmethod
    def by_terms(cls, terms: Mapping[str, Terms]) -> Linking:
        """What the terms of the installed sources say, by the name of the plug-in."""
        unlinked = {name for name, one in terms.items() if not one.may_link}
        unprofiled = {name for name, one in terms.items() if not one.may_profile}
        return cls(
            unlinked_platforms=frozenset(terms[name].platform for name in unlinked),
            unlinked_plugins=frozenset(unlinked),
            unprofiled_platforms=frozenset(terms[name].platform for name in unprofiled),
            unprofiled_plugins=frozenset(unprofiled),
        )

    def may_link(self, platform: str, plugin: str | None) -> bool:
        """Whether a post may be matched with posts of other platforms."""
        return platform not in self.unlinked_platforms and plugin not in self.unlinked_plugins

    def may_profile(self, platform: str, plugin: str | None) -> bool:
        """Whether a post may be counted with others of its account."""
        return platform not in self.unprofiled_platforms and plugin not in self.unprofiled_plugins
