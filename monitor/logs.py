"""Logging: one line an event on stderr, or JSON. Never a post's text, a handle, a term or an account."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(*, json: bool = False, debug: bool = False) -> None:
    """Sets up the process's logging; called by commands, never on import."""
    renderer: structlog.typing.Processor
    if json:
        renderer = structlog.processors.JSONRenderer()
    else:
        # Plain tracebacks: the richer ones print local variables, which may hold a post's text.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
