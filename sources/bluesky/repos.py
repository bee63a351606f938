"""The AT Protocol's own stream, com.atproto.sync.subscribeRepos: frames of DAG-CBOR, with records in CAR.

A relay, or one data server, sends every change of every repository. Only posts are unpacked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import libipld

from sources.bluesky.events import (
    OPERATIONS,
    AccountDeleted,
    BadFrameError,
    Commit,
    Event,
    Frame,
    Notice,
    Other,
    Several,
    brief,
    microseconds,
)
from sources.bluesky.records import POSTS
from sources.shapes import as_dict, as_list, as_text

_PREFIX: Final = f"{POSTS}/"


def read_repos_frame(data: bytes | str, *, dids: frozenset[str] = frozenset()) -> Frame:
    """One frame. Raises `BadFrameError`.

    :param dids: only posts of these accounts; empty for all.
    """
    header, body = _parts(data)
    try:
        if header.get("op") == -1:
            return Notice(as_text(body.get("error")) or "error", as_text(body.get("message")), True)
        kind = as_text(header.get("t"))
        if kind == "#info":
            return Notice(as_text(body.get("name")), as_text(body.get("message")), False)
        if "seq" not in body:
            raise BadFrameError("no seq")
        seq, time_us = body["seq"], microseconds(body["time"])
        if type(seq) is not int:
            raise BadFrameError("seq is not a number")
        if kind == "#commit":
            return _commit(body, seq, time_us, dids)
        if kind == "#account" and body.get("active") is False and body.get("status") == "deleted":
            return AccountDeleted(seq, time_us, str(body["did"]))
        return Other(seq, time_us)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, BadFrameError):
            raise
        raise BadFrameError(f"not in the documented form ({type(error).__name__}: {brief(error)})") from None


def _parts(data: bytes | str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A frame's header and its body."""
    if isinstance(data, str):
        raise BadFrameError("a text, not DAG-CBOR")
    try:
        parts = libipld.decode_dag_cbor_multi(data)
    except (ValueError, RecursionError):
        raise BadFrameError("invalid DAG-CBOR") from None
    if len(parts) != 2 or not all(isinstance(part, dict) for part in parts):
        raise BadFrameError("not a header and a body")
    return cast("tuple[Mapping[str, Any], Mapping[str, Any]]", tuple(parts))


def _commit(body: Mapping[str, Any], seq: int, time_us: int, dids: frozenset[str]) -> Event:
    did = body["repo"]
    if not isinstance(did, str):
        raise BadFrameError("repo is not a text")
    if dids and did not in dids:
        return Other(seq, time_us)
    ops = [op for op in map(as_dict, as_list(body["ops"])) if as_text(op.get("path")).startswith(_PREFIX)]
    ops = [op for op in ops if op.get("action") in OPERATIONS]
    if not ops:
        return Other(seq, time_us)
    commits, bad = list[Commit](), list[tuple[str, str]]()
    blocks = _blocks(body, ops)
    for op in ops:
        cid, rkey, action = op.get("cid"), as_text(op.get("path")).removeprefix(_PREFIX), as_text(op.get("action"))
        record = blocks.get(cid) if isinstance(cid, bytes) else None
        named = libipld.encode_cid(cid) if isinstance(cid, bytes) else None
        commit = Commit(seq, time_us, did, action, rkey, named, cast("Mapping[str, Any] | None", record))
        if action == "delete" or isinstance(record, dict):
            commits.append(commit)
        else:
            bad.append((commit.uri, "its record is not in the frame"))
    return Several(seq, time_us, commits, bad)


def _blocks(body: Mapping[str, Any], ops: Sequence[Mapping[str, Any]]) -> Mapping[bytes, Any]:
    """What the commit brings along, by CID; nothing where only deletions are of interest."""
    if all(op.get("action") == "delete" for op in ops) or not body.get("blocks"):
        return {}
    try:
        _, blocks = libipld.decode_car(body["blocks"])
    except (ValueError, RecursionError):
        raise BadFrameError("invalid CAR") from None
    return blocks
