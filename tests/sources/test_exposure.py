"""What servers are shown of us: `docs/exposure.md` says it, source by source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import httpx

from monitor.ports import Known
from monitor.post import text_hash
from tests.sources.worlds import CONTACT, opened_source

_ALWAYS: Final = {"host", "connection", "user-agent", "accept", "accept-encoding"}
_CREDENTIAL: Final = {
    "bluesky": {"authorization", "content-type", "content-length"},
    "discord": {"authorization"},
    "mastodon": {"authorization"},
    "matrix": {"authorization"},
    "x": {"authorization"},
}
_SEEN_BEFORE: Final = {"feeds": {"if-none-match", "if-modified-since"}, "fourchan": {"if-modified-since"}}
_PLUGINS: Final = {"bluesky": "bluesky-search"}


async def everything(server: Any) -> None:
    """Collects twice, and has it examined, asked again, shown again, and its authors looked up."""
    server.add(5)
    first = await server.collect()
    await server.collect(first.cursor)
    async with opened_source(_PLUGINS.get(server.platform, server.platform), server) as source:
        known = [
            Known(
                ref=one.ref,
                instance=one.instance,
                url=one.url,
                cid=one.cid,
                account=one.author.key,
                text_hash=text_hash(one),
            )
            for one in first.posts
        ]
        await source.check()
        if hasattr(source, "recheck"):
            await source.recheck(known)
            await source.refresh(known[0])
        if hasattr(source, "enrich"):
            await source.enrich([replace(one, author=replace(one.author, bio=None)) for one in first.posts])


async def test_a_request_says_who_asks_what_it_takes_and_no_more(server: Any) -> None:
    # Whatever it is handed, it hands nothing back that would tell it that we are the same again.
    inner = server.handle

    def handle(request: httpx.Request) -> httpx.Response:
        answer = inner(request)
        answer.headers["set-cookie"] = "visitor=zorblat; Path=/"
        return answer

    server.handle = handle
    await everything(server)
    allowed = _ALWAYS | _CREDENTIAL.get(server.platform, set()) | _SEEN_BEFORE.get(server.platform, set())
    for request in server.requests:
        assert set(request.headers) <= allowed
        assert request.headers["user-agent"] == CONTACT
        assert request.headers["accept-encoding"] == "gzip"
        assert "operator.example" not in str(request.url)
        assert not {"cookie", "referer", "origin", "accept-language"} & set(request.headers)
        if request.method != "GET":
            assert request.url.path.rpartition("/")[2].startswith("com.atproto.server.")


async def test_what_opens_a_websocket_says_no_more(stream: Any) -> None:
    stream.add(1)
    await stream.collect()
    assert stream.requests
    for request in stream.requests:
        names = {name.lower() for name in request.headers}
        assert {name for name in names if not name.startswith("sec-websocket-")} <= {
            "host",
            "upgrade",
            "connection",
            "user-agent",
        }
        assert request.headers["User-Agent"] == CONTACT
        assert "Sec-WebSocket-Extensions" not in request.headers
