"""Handlewatch's core: what a post is, when it is a hit, and how it is kept.

``sources`` and ``alerts`` import this package; nothing in it imports them, except the composition
(``monitor.app`` and ``monitor.cli``), which puts the three together.
"""

__version__ = "0.1.0"
