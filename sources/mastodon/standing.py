"""What became of posts: asked of their own server where the operator named it, else of those that are named.

A server's own statuses are asked about by their local ids, several a call (Mastodon 4.3 and newer), else one by one.
Another server's posts are looked for by their uri, in what a named server knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from monitor.errors import AuthError, HandlewatchError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.ports import Known, Recheck, SourceContext, Standing
from monitor.post import Post, text_hash
from sources.mastodon.options import MastodonReading
from sources.mastodon.pages import PageReader
from sources.mastodon.statuses import UnusableStatusError, host, is_public, to_post
from sources.shapes import as_dict, as_id, as_text

_AT_ONCE: Final = 20
_LOCAL_ID = re.compile(r"/([A-Za-z0-9_.-]{1,100})/?$")
_ACCOUNT = re.compile(r"/(?:users/|@)([A-Za-z0-9_.-]{1,200})/?$")

_Status = Mapping[str, Any] | None
"""A status as a server shows it now; None where it does not."""


class Standings:
    """Re-checks and refreshes."""

    def __init__(self, options: MastodonReading, context: SourceContext, reader: PageReader) -> None:
        self._options, self._context, self._reader = options, context, reader
        self._named = {host(server): server for server in options.addresses}
        self._one_by_one: set[str] = set()

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """See the module; one more call for the account of what is missing at its own server."""
        found: dict[int, Recheck] = {}
        accounts: dict[str, Recheck | None] = {}
        at_home: dict[str, list[tuple[int, Known, str]]] = {}
        for place, known in enumerate(posts):
            server, local = self._origin(known), _local_id(known)
            if server and local:
                at_home.setdefault(server, []).append((place, known, local))
            else:
                found[place] = await self._elsewhere(known)
        for server, asked in at_home.items():
            for start in range(0, len(asked), _AT_ONCE):
                some = asked[start : start + _AT_ONCE]
                shown = await self._shown(server, [local for _, _, local in some])
                for place, known, local in some:
                    found[place] = await self._judged(server, known, shown[local], accounts)
        return [found[place] for place in range(len(posts))]

    def _origin(self, known: Known) -> str | None:
        """The address of a post's own server, where it may be asked."""
        home = host(known.ref.id) or known.instance
        if home in self._named:
            return self._named[home]
        return f"https://{home}" if home and self._options.ask_origin else None

    async def _shown(self, server: str, ids: Sequence[str]) -> dict[str, _Status | HandlewatchError]:
        """Statuses by local id. Raises nothing: an error stands in an answer's place."""
        if len(ids) > 1 and server not in self._one_by_one:
            try:
                answer = await self._reader.statuses(server, ids)
                there = {as_id(status.get("id")): status for status in answer}
                if there.keys().isdisjoint(ids) and await self._one(server, ids[0]) is not None:
                    # Of other software, which knows another name for ids: that nothing came says nothing.
                    self._one_by_one.add(server)
                    return {local: await self._one(server, local) for local in ids}
                return {local: there.get(local) for local in ids}
            except (StatusError, BadAnswerError):
                self._one_by_one.add(server)  # an older one
            except HandlewatchError as error:
                return dict.fromkeys(ids, error)
        return {local: await self._one(server, local) for local in ids}

    async def _one(self, server: str, local: str) -> _Status | HandlewatchError:
        try:
            return await self._reader.read(server, f"/api/v1/statuses/{quote(local, safe='')}")
        except StatusError as error:
            return None if error.gone else error
        except HandlewatchError as error:
            return error

    async def _judged(
        self, server: str, known: Known, status: _Status | HandlewatchError, accounts: dict[str, Recheck | None]
    ) -> Recheck:
        if isinstance(status, HandlewatchError):
            return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=status.brief)
        name = host(server) or server
        if status is not None and status.get("uri") in {None, known.ref.id}:
            return self._there(known, status, name)
        match = _ACCOUNT.search(urlsplit(known.account or "").path)
        if match and host(known.account or "") == name:
            if known.account not in accounts:
                accounts[known.account or ""] = await self._account(server, known, match[1])
            gone = accounts[known.account or ""]
            if gone is not None:
                return Recheck(ref=known.ref, standing=gone.standing, note=gone.note)
        note = f"{name} no longer shows it; by whose decision is not said"
        return Recheck(ref=known.ref, standing=Standing.UNAVAILABLE, note=note)

    async def _account(self, server: str, known: Known, name: str) -> Recheck | None:
        """What its server says of an account that is gone; None where it is there, or unknown."""
        try:
            said = await self._reader.read(server, "/api/v1/accounts/lookup", {"acct": name})
        except StatusError as error:
            note = "its server no longer knows the account"
            return Recheck(ref=known.ref, standing=Standing.ACCOUNT_GONE, note=note) if error.gone else None
        except HandlewatchError:
            return None
        if said.get("suspended") is True:
            note = "its server suspended the account"
            return Recheck(ref=known.ref, standing=Standing.ACCOUNT_GONE, note=note)
        return None

    def _there(self, known: Known, status: Mapping[str, Any], name: str) -> Recheck:
        if not is_public(status):
            return Recheck(ref=known.ref, standing=Standing.UNAVAILABLE, note=f"no longer public on {name}")
        try:
            now = to_post(status, seen_at=self._context.clock())
        except UnusableStatusError as error:
            return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=str(error))
        # Another server may have rendered the same text otherwise: only what says that it was edited was.
        edited = now.edited_at is not None and known.text_hash is not None and text_hash(now) != known.text_hash
        return Recheck(ref=known.ref, standing=Standing.EDITED if edited else Standing.UP, note=f"shown by {name}")

    async def _elsewhere(self, known: Known) -> Recheck:
        """A post of a server that was not named: whether a named one knows it still."""
        note = "its own server is not asked"
        for server in self._options.addresses if self._reader.has_token else ():
            name = host(server) or server
            try:
                status = await self._known_to(server, known)
            except HandlewatchError as error:
                note = error.brief
                continue
            if status is not None:
                return self._there(known, status, name)
            note = f"{name} does not know it, or no longer; its own server is not asked"
        return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=note)

    async def _known_to(self, server: str, known: Known) -> _Status:
        for status in await self._reader.search(server, known.ref.id, 0):
            if as_text(status.get("uri")) == known.ref.id:
                return status
        return None

    async def refresh(self, post: Known) -> Post | None:
        """The post as its own server, or one that is named, shows it now."""
        server, local = self._origin(post), _local_id(post)
        if server and local:
            status = await self._one(server, local)
            if isinstance(status, HandlewatchError):
                raise status
        elif self._reader.has_token:
            status = await self._known_to(self._options.addresses[0], post)
            if status is None:
                raise BadAnswerError("The server that is named does not know the post; its own server is not asked.")
        else:
            raise AuthError("Posts of other servers can be looked up with a token only.", do="Set access_token.")
        if status is None or not is_public(status):
            return None
        try:
            return to_post(as_dict(status), seen_at=self._context.clock())
        except UnusableStatusError as error:
            raise BadAnswerError(f"The post has {error}.") from error


def _local_id(known: Known) -> str | None:
    """A post's id on its own server, from its addresses there."""
    home = host(known.ref.id)
    for address in (known.url, known.ref.id):
        if address and host(address) == home and (match := _LOCAL_ID.search(urlsplit(address).path)):
            return match[1]
    return None
