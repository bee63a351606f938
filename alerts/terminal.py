"""Alerts on the terminal and as JSON: the same masked views as on the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from alerts.masking import Field, Kind, Segment
from alerts.triage.records import Decided, Entry, State
from alerts.triage.shown import AlertView, PostShown
from alerts.triage.waiting import WaitingPost
from alerts.words import age, field_name, moment, person_state, strength

QUEUE_COLUMNS = ("ID", "Evidence", "Handles", "Terms", "Posts", "Platforms", "Opened", "State")


def queue_row(entry: Entry, now: datetime) -> tuple[object, ...]:
    """One line of the queue."""
    return (
        entry.id,
        f"{strength(entry.score)} {entry.score:.2f}",
        ", ".join(label.removeprefix("handle ") for label in entry.handles),
        entry.terms,
        entry.posts,
        ", ".join(entry.platforms),
        age(entry.opened_at, now),
        person_state(entry),
    )


def entry_json(entry: Entry) -> dict[str, Any]:
    """One line of the queue as JSON."""
    return _plain(asdict(entry))


WAITING_COLUMNS = ("Alert", "Post", "Platform", "Account", "Handles", "Joined", "Verdict by")


def waiting_row(post: WaitingPost, now: datetime) -> tuple[object, ...]:
    """One line of the fast lane."""
    return (
        post.alert_id,
        post.post_id if post.post.available else f"{post.post_id} (gone)",
        post.post.platform,
        post.post.account.removeprefix("account "),
        ", ".join(label.removeprefix("handle ") for label in post.handles),
        age(post.joined_at, now),
        post.verdict_by,
    )


def waiting_json(post: WaitingPost) -> dict[str, Any]:
    """One post of the fast lane as JSON."""
    value = _plain(asdict(post))
    value["post"]["fields"] = _fields(post.post.fields)
    return value


def print_waiting(post: WaitingPost, console: Console | None = None) -> None:
    """One post of the fast lane for people, with its words, masked."""
    width = None if sys.stdout.isatty() else 160
    risk = f" ({post.conduct}, {post.risk})" if post.conduct else ""
    title = f"Post {post.post_id} of alert {post.alert_id}: {', '.join(post.handles)}"
    verdict = f"The alert was found reportable{risk} by {post.verdict_by}, {moment(post.verdict_at)}"
    blocks = [Text(title, style="bold"), Text(verdict), *_words(post.post), Text()]
    (console or Console(width=width, highlight=False)).print(Group(*blocks))


def view_json(view: AlertView) -> dict[str, Any]:
    """One alert as JSON: fields as texts with masks in brackets."""
    value = _plain(asdict(view))
    value["post"]["fields"] = _fields(view.post.fields)
    value["priority_parts"] = [part._asdict() for part in view.priority_parts]
    del value["can"]
    return value


def _fields(fields: Sequence[Field]) -> list[dict[str, Any]]:
    return [{"name": field.name, "text": str(field), "before": field.before, "after": field.after} for field in fields]


def decided_json(done: Decided) -> dict[str, Any]:
    """What became of an alert, as JSON."""
    return _plain(asdict(done))


def decided_words(done: Decided) -> str:
    """What became of an alert, in a sentence or two."""
    undo = (
        f" Undo until {done.undo_until:%H:%M:%S} UTC: handlewatch alerts undo {done.alert_id}"
        if done.undo_until
        else ""
    )
    if done.state is State.DECIDED:
        return f"Alert {done.alert_id} is decided: {done.verdict}.{undo}"
    if done.state is State.SECOND_REVIEW:
        lane = " in the safeguarding lane" if done.lane == "safeguarding" else ""
        return f"Alert {done.alert_id} waits for a second person{lane}: {done.verdict}. Nothing leaves before.{undo}"
    return f"Alert {done.alert_id} is open again."


def _plain(value: Any) -> Any:
    """Times as ISO 8601 texts."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType] - JSON
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType] - JSON
    return value.isoformat() if isinstance(value, datetime) else value


def print_view(view: AlertView, console: Console | None = None) -> None:
    """One alert for people: evidence underlined where it is shown in clear, in brackets where it is masked."""
    width = None if sys.stdout.isatty() else 160
    (console or Console(width=width, highlight=False)).print(Group(*_blocks(view)))


def _blocks(view: AlertView) -> Iterator[Any]:
    title = f"Alert {view.id}  {view.state.replace('_', ' ')}"
    if view.claimed_by and view.claimed_until:
        title += f" by {view.claimed_by} until {view.claimed_until:%H:%M:%S} UTC"
    if view.verdict:
        title += f": {view.verdict}"
    yield Text(title, style="bold")
    posts = f"{view.occurrence_count} {'post' if view.occurrence_count == 1 else 'posts'}"
    yield Text(
        f"{strength(view.score)} evidence, score {view.score:.2f}, rule {view.rule}; {posts} on "
        f"{', '.join(view.platforms)}; opened {moment(view.opened_at)}; version {view.version}"
    )
    yield from _urgency(view)
    yield from _post(view)
    yield from _evidence(view)
    yield from _history(view)


def _urgency(view: AlertView) -> Iterator[Any]:
    """Why it is where it is in the queue."""
    if view.raised_for and view.raised_again_at:
        yield Text(f"Raised again {moment(view.raised_again_at)}, after a decision: {', '.join(view.raised_for)}")
    if view.priority_parts:
        yield Text(f"Priority {view.priority} of 1000", style="bold")
        table = Table(box=None, show_header=False, pad_edge=False)
        for part in view.priority_parts:
            table.add_row(Text(part.name), Text(f"{part.points:+}"), Text(part.why))
        yield Padding(table, (0, 0, 0, 2))


def _post(view: AlertView) -> Iterator[Any]:
    yield Text()
    yield from _words(view.post)


def _words(post: PostShown) -> Iterator[Any]:
    where = f"{post.platform}" + (f" ({post.instance})" if post.instance else "")
    yield Text(f"Post on {where}, {moment(post.created_at) if post.created_at else 'time not given'}", style="bold")
    if post.url:
        yield Text(f"  {post.url}")
    if not post.available:
        yield Text("  The platform says it is deleted: its text is gone, the evidence below stays.")
    if post.expired:
        yield Text("  Its words were kept as long as they may be, and are gone; the evidence below stays.")
    if post.unchecked:
        yield Text("  From an archive: shown once its platform said that it is there (handlewatch alerts recheck).")
    if post.checked_at and post.standing:
        yield Text(f"  {post.standing.replace('_', ' ')}, asked {moment(post.checked_at)}")
    for field in post.fields:
        yield Text(f"{field_name(field.name)}:", style="dim")
        yield Padding(_field(field), (0, 0, 0, 2))


def _field(field: Field) -> Text:
    text = Text(f"… {field.before} characters before …\n" if field.before else "", style="dim")
    for segment in field.segments:
        text.append(_segment(segment))
    if field.after:
        text.append(f"\n… {field.after} characters after …", style="dim")
    return text


def _segment(segment: Segment) -> Text:
    style = ""
    if segment.masked:
        style = "reverse" if segment.evidence else "dim"
    elif segment.evidence:
        style = "bold underline" if segment.kind is Kind.HANDLE else "underline"
    return Text(str(segment), style=style)


def _evidence(view: AlertView) -> Iterator[Any]:
    yield Text()
    yield Text("Evidence", style="bold")
    for handle in view.handles:
        name = f" = {handle.name}" if handle.name else ""
        steps = f", seen through {', '.join(handle.steps)}" if handle.steps else ""
        yield Text(
            f"  handle {handle.tag} · {handle.app}{name}: confidence {handle.confidence:.2f}{steps}; "
            f"in {handle.posts} posts on {', '.join(handle.platforms) or 'no platform'}"
        )
        if handle.alerts:
            yield Text("    also in " + ", ".join(f"alert {number} ({state})" for number, state in handle.alerts))
    for term in view.terms:
        name = f" = {term.name}" if term.name else ""
        steps = f", seen through {', '.join(term.steps)}" if term.steps else ""
        yield Text(f"  term {term.tag}{name}: {term.times} {'time' if term.times == 1 else 'times'}{steps}")
    if view.parts:
        table = Table("Part of the score", "", "Why", box=None, header_style="dim", pad_edge=False)
        for part in view.parts:
            table.add_row(Text(part.name), Text(f"{part.weight:+.2f}"), Text(part.why))
        yield Padding(table, (0, 0, 0, 2))


def _history(view: AlertView) -> Iterator[Any]:
    if view.history:
        yield Text()
        yield Text("History", style="bold")
    for step in view.history:
        more = ", ".join(filter(None, (step.conduct, step.risk)))
        of = f" of alert {step.duplicate_of}" if step.duplicate_of else ""
        yield Text(f"  {moment(step.at)} {step.user}: {step.step}, {step.verdict}{of}" + (f" ({more})" if more else ""))
        yield Text(f"    {step.reason}")
    if view.reports:
        yield Text()
        yield Text("Reports", style="bold")
    for report in view.reports:
        why = f": {report.why}" if report.why else ""
        yield Text(f"  {report.id[:8]} {report.channel}: {report.state.replace('_', ' ')}{why}")
