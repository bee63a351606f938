"""Logging: one line an event on stderr, or JSON. Never a post's text, a handle, a term or an account.

The text of an error that nobody foresaw, or of a library, may hold any of these. Of errors only the kind and the
places in the code are logged; of what libraries log, only the beginning of the unfilled message.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, cast

import structlog

_LIBRARY_WORDS = 100


def places(error: BaseException) -> str:
    """An error's kind and where it came from, innermost place last, without its text."""
    found = [
        f"{type(error).__name__}",
        *(
            f"{Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ),
    ]
    return " > ".join(found)


def _without_words(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Puts places instead of tracebacks, whose last line is the error's text."""
    info = event.pop("exc_info", None)
    if isinstance(info, tuple):
        info = cast("tuple[Any, ...]", info)[1]
    error = sys.exc_info()[1] if info is True else info
    if isinstance(error, BaseException):
        event["error_at"] = places(error)
    return event


class _Libraries(logging.Handler):
    """What libraries log, at warning level and above, through our own log."""

    def emit(self, record: logging.LogRecord) -> None:
        template = str(record.msg).strip().splitlines()
        log = structlog.get_logger("handlewatch.libraries")
        log.log(
            record.levelno,
            template[0][:_LIBRARY_WORDS] if template else "",
            library=record.name,
            exc_info=record.exc_info,
        )


def configure(*, json: bool = False, debug: bool = False) -> None:
    """Sets up the process's logging; called by commands, never on import."""
    renderer: structlog.typing.Processor
    if json:
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_words,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.root.handlers = [_Libraries(logging.WARNING)]
    logging.root.setLevel(logging.WARNING)
