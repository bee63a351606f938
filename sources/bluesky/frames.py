"""Jetstream's frames, both wire versions: pure reading.

Facts: bluesky-social/jetstream, docs/README.md sections 5.1 and 5.2, and the lexicon
network.bsky.jetstream.subscribeEvents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson

from sources.bluesky.events import (
    OPERATIONS,
    AccountDeleted,
    BadFrameError,
    Commit,
    Event,
    Frame,
    Notice,
    Other,
    brief,
    microseconds,
)
from sources.bluesky.records import POSTS

_V2: Final = "network.bsky.jetstream.subscribeEvents#"


def read_frame(data: bytes | str) -> Frame:
    """One frame of either wire. Raises `BadFrameError`."""
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadFrameError(f"invalid JSON at {error.pos}") from None
    if not isinstance(frame, dict):
        raise BadFrameError("not an object")
    fields = cast("dict[str, Any]", frame)
    try:
        return _version_2(fields) if "$type" in fields else _version_1(fields)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, BadFrameError):
            raise
        raise BadFrameError(f"not in the documented form ({type(error).__name__}: {brief(error)})") from None


def _version_1(frame: Mapping[str, Any]) -> Event:
    time_us = frame["time_us"]
    if type(time_us) is not int:
        raise BadFrameError("time_us is not a number")
    kind = frame["kind"]
    if kind == "commit":
        return _commit(frame["commit"], frame["did"], None, time_us)
    if kind == "account":
        return _account(frame["account"], frame["did"], None, time_us)
    return Other(None, time_us)


def _version_2(frame: Mapping[str, Any]) -> Frame:
    if frame["$type"] == "error":
        return Notice(str(frame.get("error")), str(frame.get("message") or ""), True)
    payload = frame["payload"]
    kind = str(payload["$type"]).removeprefix(_V2)
    if kind == "info":
        return Notice(str(payload.get("name")), str(payload.get("message") or ""), False)
    seq, time_us = payload["seq"], microseconds(payload.get("witnessedAt") or payload["time"])
    if type(seq) is not int:
        raise BadFrameError("seq is not a number")
    if kind == "commit":
        return _commit(payload, payload["did"], seq, time_us)
    if kind == "account":
        return _account(payload["account"], payload["did"], seq, time_us)
    return Other(seq, time_us)


def _commit(commit: Mapping[str, Any], did: object, seq: int | None, time_us: int) -> Event:
    operation, rkey = commit["operation"], commit["rkey"]
    if commit["collection"] != POSTS or operation not in OPERATIONS:
        return Other(seq, time_us)
    if not isinstance(did, str) or not isinstance(rkey, str):
        raise BadFrameError("did or rkey is not a text")
    return Commit(seq, time_us, did, operation, rkey, commit.get("cid"), commit.get("record"))


def _account(account: Mapping[str, Any], did: object, seq: int | None, time_us: int) -> Event:
    if account.get("active") is False and account.get("status") == "deleted":
        return AccountDeleted(seq, time_us, str(did))
    return Other(seq, time_us)
