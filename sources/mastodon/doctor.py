"""What the doctor looks at, at Mastodon-compatible servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from monitor.errors import HandlewatchError
from monitor.net.errors import StatusError, is_offline
from monitor.ports import Finding, SourceContext
from sources.findings import clock_skew, failure
from sources.mastodon.pages import PageReader, Timeline
from sources.mastodon.statuses import host
from sources.shapes import as_list, as_text

_WANTED: Final = ("read", "read:statuses")


class Doctor:
    """Looks at servers and timelines; raises nothing."""

    def __init__(self, context: SourceContext, reader: PageReader) -> None:
        self._context, self._reader = context, reader

    async def servers(self, servers: Sequence[str]) -> list[Finding]:
        """Every server: whether it answers, its clock, and whether it takes the token."""
        return [finding for server in servers for finding in await self._server(server)]

    async def timeline(self, line: Timeline) -> Finding:
        """A page of a timeline."""
        try:
            page = await self._reader.page(line)
            closed, _ = await self._reader.closed(line)
        except HandlewatchError as error:
            return failure(line.scope, error)
        said = closed or f"{len(page.statuses)} posts on its newest page"
        return Finding(what=line.scope, well=not closed, said=said)

    async def _server(self, server: str) -> list[Finding]:
        name = host(server) or server
        found = [Finding(what=name, well=True, said="answers, and says nothing of itself")]
        for path in ("/api/v2/instance", "/api/v1/instance"):
            try:
                said, response = await self._reader.ask(server, path)
            except StatusError:
                continue  # forks have not all of it
            except HandlewatchError as error:
                return [Finding(what=name, well=False, said=error.what, do=error.do, offline=is_offline(error))]
            version = as_text(said.get("version"))[:60]
            found = [Finding(what=name, well=True, said=f"answers, version {version or 'not said'}")]
            if "date" in response.headers:
                found.append(clock_skew(response, self._context.clock))
            break
        if self._reader.has_token:
            found.append(await self._token(server, f"{name} token"))
        return found

    async def _token(self, server: str, what: str) -> Finding:
        try:
            said = await self._reader.read(server, "/api/v1/apps/verify_credentials")
        except HandlewatchError as error:
            return failure(what, error)
        scopes = [as_text(scope) for scope in as_list(said.get("scopes"))]
        if scopes and not any(scope in _WANTED for scope in scopes):
            return Finding(what=what, well=False, said="it may not read posts", do="Give it the scope read:statuses.")
        return Finding(what=what, well=True, said="taken")
