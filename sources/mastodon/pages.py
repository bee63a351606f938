"""Reading single pages of Mastodon-compatible timelines, and what of a page is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

from monitor.drafts import Draft
from monitor.errors import AuthError, RateLimitedError, UnreachableError
from monitor.net.errors import BadAnswerError
from monitor.net.http import get_json
from monitor.ports import BadRecord, SourceContext
from sources.mastodon.cursor import Entry, mark
from sources.mastodon.statuses import Accounts, Status, UnusableStatusError, host, is_public, status_uri, unwrap
from sources.shapes import as_dict, as_list, as_time, is_list

PAGE_SIZE: Final = 40
"""The most that Mastodon gives at once."""

ACCESS_FRESH: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Timeline:
    """One timeline of one server. `feed` is its name in the server's statement of what it shows to whom."""

    server: str
    path: str
    scope: str
    feed: str
    params: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def sides(self) -> tuple[str, ...]:
        """Whose posts it shows: the server's own, remote ones, or both."""
        if "local" in self.params:
            return ("local",)
        return ("remote",) if "remote" in self.params else ("local", "remote")


@dataclass(frozen=True, slots=True)
class Page:
    """One page as the server gave it (newest first), and the ids to go on with in both directions."""

    statuses: list[Mapping[str, Any]]
    newer: str | None
    older: str | None


def down_to_known(page: Page, marks: Mapping[str, str], *, left_off: datetime) -> Page:
    """A page without what lies below all that is remembered, and was therefore seen before.

    That is what stands below the last known status, or where none is known, what is older than `left_off`.
    """
    known = [place for place, outer in enumerate(page.statuses) if _mark(outer) in marks]
    if known:
        return Page(page.statuses[: known[-1] + 1], page.newer, None)
    recent = [outer for outer in page.statuses if (as_time(outer.get("created_at")) or left_off) >= left_off]
    return Page(recent, page.newer, page.older if len(recent) == len(page.statuses) else None)


def _mark(outer: Mapping[str, Any]) -> str:
    try:
        return mark(status_uri(unwrap(outer)))
    except UnusableStatusError:
        return ""


@dataclass(slots=True)
class Taken:
    """What a page held: posts not seen before, what could not be used, and every status in brief.

    :param known: how many were seen before.
    :param names: local id -> uri of the statuses themselves (a boost has an id of its own).
    :param short_of: where reading had to stop before it met what was known: the time it came back to.
    """

    posts: list[Draft] = field(default_factory=list[Draft])
    bad: list[BadRecord] = field(default_factory=list[BadRecord])
    entries: list[Entry] = field(default_factory=list[Entry])
    known: int = 0
    short_of: datetime | None = None
    names: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def new(self) -> int:
        """How many were not seen before."""
        return len(self.entries) - self.known

    @property
    def oldest(self) -> datetime | None:
        """The time of its oldest status."""
        return min((entry.at for entry in self.entries), default=None)

    @property
    def newest(self) -> datetime | None:
        """The time of its newest status."""
        return max((entry.at for entry in self.entries), default=None)

    def add(self, other: Taken) -> None:
        """Adds another page's."""
        self.posts += other.posts
        self.bad += other.bad
        self.entries += other.entries
        self.known += other.known
        self.names |= other.names
        self.short_of = other.short_of or self.short_of


def take(page: Page, seen: Mapping[str, str], *, given: dict[str, str], now: datetime) -> Taken:
    """What of a page is new.

    :param seen: mark -> edited of what this timeline showed before.
    :param given: the same of what was handed over in this poll, by any timeline; it is added to. A post that
        several timelines show is handed over once.
    """
    taken = Taken()
    accounts = Accounts(taken.names)
    for place, outer in enumerate(page.statuses):
        status = unwrap(outer)
        try:
            name = mark(status_uri(status))
            edited = str(status.get("edited_at") or "")
            at = min(as_time(outer.get("created_at")) or now, now)
            taken.entries.append(Entry(str(outer.get("id")), at, name, edited))
            taken.known += name in seen
            if status is outer:
                taken.names[str(outer.get("id"))] = status_uri(status)
            if seen.get(name) == edited or given.get(name) == edited or not is_public(status):
                continue
            taken.posts.append(Status(status, accounts, seen_at=now))
            given[name] = edited
        except UnusableStatusError as error:
            taken.bad.append(BadRecord(where=f"status {outer.get('id', place)}", why=str(error)))
    return taken


class PageReader:
    """Asks servers for pages, with the operator's token where there is one."""

    def __init__(self, context: SourceContext, *, token: str | None, named: Sequence[str]) -> None:
        self._context = context
        self._token = token
        self._named = frozenset(named)
        self._instances: dict[str, tuple[datetime, Mapping[str, Any]]] = {}

    async def page(self, line: Timeline, **place: str | None) -> Page:
        """One page. Raises what `monitor.net.http.get_json` raises, and `BadAnswerError` for another shape."""
        size = min(PAGE_SIZE, self._context.limit or PAGE_SIZE)
        params = {**line.params, "limit": str(size), **{name: value for name, value in place.items() if value}}
        answer, response = await self._get(line.server, line.path, params)
        if not is_list(answer):
            raise BadAnswerError(f"{host(line.server)} answered {line.path} with no list of statuses.")
        statuses = [status for status in map(as_dict, as_list(answer)) if status]
        links = {name: parse_qs(urlsplit(link.get("url", "")).query) for name, link in response.links.items()}
        newer = links.get("prev", {}).get("min_id", [None])[0]
        older = links.get("next", {}).get("max_id", [None])[0]
        ids = [str(status["id"]) for status in statuses if "id" in status]
        return Page(statuses, newer or (ids[0] if ids else None), older or (ids[-1] if ids else None))

    @property
    def has_token(self) -> bool:
        """Whether there is a token to read with."""
        return bool(self._token)

    async def search(self, server: str, query: str, start: int) -> list[Mapping[str, Any]]:
        """Statuses that a search finds, from the `start`-th on. Raises as `page`."""
        params = {"q": query, "type": "statuses", "limit": str(PAGE_SIZE), "offset": str(start)}
        answer = await self.read(server, "/api/v2/search", params)
        if not is_list(answer.get("statuses")):
            raise BadAnswerError(f"{host(server)} answered a search with no list of statuses.")
        return [status for status in map(as_dict, as_list(answer["statuses"])) if status]

    async def statuses(self, server: str, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Statuses by their local ids (Mastodon 4.3 and newer). Raises as `page`."""
        answer, _ = await self._get(server, "/api/v1/statuses", [("id[]", local) for local in ids])
        if not is_list(answer):
            raise BadAnswerError(f"{host(server)} answered with no list of statuses.")
        return [status for status in map(as_dict, as_list(answer)) if status]

    async def read(self, server: str, path: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """An object of a server's. Raises as `page`."""
        answer, _ = await self.ask(server, path, params)
        return answer

    async def ask(
        self, server: str, path: str, params: Mapping[str, str] | None = None
    ) -> tuple[Mapping[str, Any], httpx.Response]:
        """An object of a server's, and how it came."""
        answer, response = await self._get(server, path, params or {})
        said = as_dict(answer)
        if not said:
            raise BadAnswerError(f"{host(server)} answered {path} with no object.")
        return said, response

    async def closed(self, line: Timeline) -> tuple[str, bool]:
        """What the server says it does not show of this timeline (Mastodon 4.5+), and whether that is all of it.

        A timeline that is switched off answers with an empty list, like one where nothing was posted.
        """
        levels = (await self._levels(line.server)).get(line.feed)
        stated = as_dict(levels)
        allowed = {"public", "authenticated"} if self._token else {"public"}
        shut = [side for side in line.sides if stated.get(side, "public") not in allowed]
        if not shut:
            return "", False
        return f"the server does not show us {' and '.join(shut)} posts here", len(shut) == len(line.sides)

    async def _levels(self, server: str) -> Mapping[str, Any]:
        said = as_dict((await self.instance(server)).get("configuration"))
        return as_dict(said.get("timelines_access"))

    async def instance(self, server: str) -> Mapping[str, Any]:
        """What a server says of itself (kept for an hour); nothing where it does not. Raises nothing of `page`."""
        now = self._context.clock()
        known = self._instances.get(server)
        if known and now - known[0] < ACCESS_FRESH:
            return known[1]
        said: Mapping[str, Any] = {}
        try:
            answer, _ = await self._get(server, "/api/v2/instance", {})
            said = as_dict(answer)
        except (AuthError, UnreachableError, RateLimitedError):
            pass  # most servers do not say
        self._instances[server] = (now, said)
        return said

    def headers(self, server: str) -> dict[str, str]:
        """Those that a server is asked with: the token is for the servers that are named, not for a post's own."""
        return {"Authorization": f"Bearer {self._token}"} if self._token and server in self._named else {}

    async def _get(
        self, server: str, path: str, params: Mapping[str, str] | Sequence[tuple[str, str]]
    ) -> tuple[Any, httpx.Response]:
        return await get_json(
            self._context.http,
            server + path,
            params=httpx.QueryParams([*params.items()] if isinstance(params, Mapping) else [*params]),
            headers=self.headers(server),
        )
