"""The demo: everything at work in one process, on bundled neutral posts, with a mail server of its own.

The sample (`sample.ndjson`) is synthetic: invented handles, example domains, the coded terms that the press has
published. It has repeats over four platforms, obfuscations, benign look-alikes, and a handle that appears again
days later. What came after that (`later.ndjson`, `story.py`) shows a campaign that grows, posts that wait for a yes,
campaigns to merge, and a return.
"""

from monitor.demo.installation import Demo, open_demo

__all__ = ["Demo", "open_demo"]
