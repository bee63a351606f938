"""What `handlewatch handles show` prints of links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerts.handles import HandleRecord

Table = tuple[str, Sequence[str], Sequence[Sequence[object]], int]
"""Its title, its columns, its rows, and how many there are with those that are not shown."""


def linked_lines(record: HandleRecord) -> Iterator[str]:
    """Whether the handle is a hub, and why."""
    linked = record.linked
    if linked is None:
        return
    shared = f"{linked.accounts} account{'' if linked.accounts == 1 else 's'} shared it"
    if linked.hub:
        why = "a person said so" if linked.by_person else f"{linked.hub_accounts} make a hub"
        yield f"A hub: it joins no other handles ({shared}; {why})."
    elif linked.by_person:
        yield f"It joins other handles whatever the number of its accounts: a person said so ({shared})."


def linked_tables(record: HandleRecord) -> Iterator[Table]:
    """The linked set, and what only looks like the handle."""
    if record.linked is not None:
        yield (
            "Linked set: handles that the same accounts shared",
            ("Handle", "App", "Name", "Strength", "Through"),
            [
                (
                    one.tag,
                    one.app,
                    one.name or "-",
                    "-" if one.strength is None else f"{one.strength:.2f}",
                    _through(one.accounts, one.account_count),
                )
                for one in record.linked.members
            ],
            record.linked.member_count,
        )
    yield (
        "Lookalikes: other handles that only look like it",
        ("Handle", "App", "Name", "How"),
        [(one.tag, one.app, one.name or "-", _how(one.same_string)) for one in record.lookalikes],
        len(record.lookalikes),
    )


def _through(accounts: Sequence[str], whole: int) -> str:
    if not accounts:
        return "other handles"
    more = f" and {whole - len(accounts)} more" if whole > len(accounts) else ""
    return ", ".join(accounts) + more


def _how(same_string: bool | None) -> str:
    if same_string is None:
        return "looks alike"
    return "the same string on another app" if same_string else "letters that look alike"
