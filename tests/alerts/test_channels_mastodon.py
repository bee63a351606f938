from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from alerts.channels.mastodon import PLUGIN, MastodonChannel, MastodonOptions
from alerts.verdicts import Conduct
from monitor.channel_ports import FateUnknownError, NotSentError, Receipt, RejectedError, ReportDraft
from monitor.net.bodies import TextType
from monitor.net.http import open_plain_client
from tests.support.loopback import loopback
from tests.support.mastodon import HOME, LOCAL_POST, TOKEN, FakeMastodon
from tests.support.reporting import REPORT_ID, draft

LOCAL = {"post_id": LOCAL_POST["uri"], "url": LOCAL_POST["url"], "account_handle": "mubble"}


def channel(http: Any = None, **options: Any) -> MastodonChannel:
    values: dict[str, Any] = {"server": HOME, "token": TOKEN}
    return PLUGIN.open("fedi", MastodonOptions(**(values | options)), http)  # type: ignore[return-value]


async def send(server: FakeMastodon, what: ReportDraft | None = None, **options: Any) -> Receipt:
    async with server.client() as http:
        told = channel(http, **options)
        return await told.send(told.prepare(what or draft()))


async def test_a_remote_post_is_reported_by_the_ids_of_our_server() -> None:
    server = FakeMastodon()
    receipt = await send(server)
    assert (receipt.remote_id, receipt.status) == ("901", "200")
    (report,) = server.reports
    assert (report["account_id"], report["status_ids"], report["category"]) == ("42", ["501"], "legal")
    assert report["forward"] == "true"
    for said in ("https://remote.example/@quibbern04/7", "2026-11-01T11:30:00Z", REPORT_ID, "wickr:zorblat77"):
        assert said in report["comment"]
    assert "taboo" not in report["comment"]
    assert server.calls == ["GET /api/v2/search", "POST /api/v1/reports"]  # nothing else is called, ever


async def test_a_local_post_that_search_does_not_show_is_found_by_its_id() -> None:
    server = FakeMastodon(flavour="gotosocial")
    receipt = await send(server, draft(**LOCAL))
    (report,) = server.reports
    assert (report["account_id"], report["status_ids"]) == ("43", ["77"])
    assert receipt.detail == "category other, forwarded False"  # as a real one answers


async def test_another_post_that_search_shows_is_not_reported() -> None:
    other = {
        "id": "9",
        "uri": "https://x.example/9",
        "url": "https://x.example/9",
        "account": {"id": "66", "acct": "z"},
    }

    class Misled(FakeMastodon):
        async def search(self, request: Any) -> Response:
            return JSONResponse({"statuses": [other], "accounts": [other["account"]]})

    server = Misled()
    await send(server)  # the account is found by its own name
    (report,) = server.reports
    assert (report["account_id"], report["status_ids"]) == ("42", [])
    server = Misled(posts=[other])
    with pytest.raises(RejectedError, match="knows neither the post nor the account"):
        await send(server)
    assert server.attempts == []


@pytest.mark.parametrize("flavour", ["mastodon", "gotosocial"])
async def test_a_post_that_is_not_known_is_reported_by_its_account(flavour: str) -> None:
    server = FakeMastodon(flavour=flavour)
    await send(
        server, draft(post_id="https://remote.example/users/quibbern04/statuses/8", url="https://remote.example/8")
    )
    (report,) = server.reports
    assert (report["account_id"], report["status_ids"]) == ("42", [])
    assert "https://remote.example/8" in report["comment"]


async def test_a_post_gone_from_our_server_does_not_block_the_report() -> None:
    server = FakeMastodon(gone={"501"})
    receipt = await send(server)
    assert [attempt["status_ids"] for attempt in server.attempts] == [["501"], []]
    assert "without the post's id" in receipt.detail


async def test_a_server_without_the_category_gets_the_fallback() -> None:
    server = FakeMastodon(flavour="old", gone={"501"})
    receipt = await send(server)
    assert [attempt["category"] for attempt in server.attempts] == ["legal", "other", "other"]
    assert len(server.reports) == 1
    assert "category other" in receipt.detail


async def test_a_server_without_reports_is_a_clear_refusal_and_not_tried_again() -> None:
    server = FakeMastodon(flavour="snac")
    with pytest.raises(RejectedError, match=r"422: Unprocessable"):
        await send(server)
    assert len(server.attempts) == 1


RESET = "2026-11-01T12:05:00.000Z"
DATE = "Sun, 01 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (lambda: JSONResponse({"error": "Bad Request: account with ID 42 does not exist"}, 400), RejectedError, "400"),
        (lambda: JSONResponse({"error": "The access token is invalid"}, 401), NotSentError, "access token"),
        (lambda: JSONResponse({"error": "This action is outside the authorized scopes"}, 403), NotSentError, "scopes"),
        (
            lambda: JSONResponse({"error": "Validation failed: Rule ids does not reference valid rules"}, 422),
            RejectedError,
            "Rule ids",
        ),
        (lambda: Response(status_code=408), NotSentError, "408"),
        (lambda: RedirectResponse("https://home.example/login", 302), RejectedError, "elsewhere"),
        (lambda: RedirectResponse("https://other.example/moved", 302), FateUnknownError, "nobody named"),
        (lambda: RedirectResponse("https://other.example/login", 302), FateUnknownError, "a login at other.example"),
        (lambda: JSONResponse({"error": "oops"}, 500), FateUnknownError, "500: oops"),
        (lambda: HTMLResponse("<h1>Bad gateway</h1>", 502), FateUnknownError, "502"),
        (lambda: JSONResponse({"error": "Remote data could not be fetched"}, 503), FateUnknownError, "503"),
        (lambda: JSONResponse({"unexpected": True}), FateUnknownError, "not with a report"),
        (lambda: JSONResponse([1]), FateUnknownError, "not with a report"),
        (lambda: HTMLResponse("<h1>Welcome</h1>"), FateUnknownError, "did not say"),
        (lambda: PlainTextResponse("ok"), FateUnknownError, "did not say"),
    ],
)
async def test_what_the_server_answers_is_what_is_known(
    answer: Callable[[], Response], error: type[Exception], said: str
) -> None:
    server = FakeMastodon(answers=[answer()])
    with pytest.raises(error, match=said):
        await send(server)
    assert len(server.attempts) == 1


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET, "date": DATE}, 300),
        ({"retry-after": "17", "date": DATE}, 17),
        ({}, None),
    ],
)
async def test_too_many_reports_wait_as_long_as_they_say(headers: dict[str, str], wait: float | None) -> None:
    server = FakeMastodon(answers=[JSONResponse({"error": "Too many requests"}, 429, headers=headers)])
    with pytest.raises(NotSentError) as caught:
        await send(server)
    assert caught.value.retry_after == wait


async def test_a_wrong_token_is_noticed_before_anything_is_sent() -> None:
    server = FakeMastodon()
    with pytest.raises(NotSentError, match="access token"):
        await send(server, token="wrong")
    assert server.attempts == []


@pytest.mark.parametrize("status", [429, 500, 502, 401])
async def test_a_look_up_that_fails_has_sent_nothing(status: int) -> None:
    class Failing(FakeMastodon):
        async def search(self, request: Any) -> Response:
            return JSONResponse({"error": "no"}, status)

    server = Failing()
    with pytest.raises(NotSentError):
        await send(server)
    assert server.attempts == []


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ConnectError("refused"), NotSentError),
        (httpx.ConnectTimeout("slow"), NotSentError),
        (httpx.PoolTimeout("full"), NotSentError),
        (httpx.WriteError("broken"), FateUnknownError),
        (httpx.WriteTimeout("slow"), FateUnknownError),
        (httpx.ReadError("reset"), FateUnknownError),
        (httpx.ReadTimeout("slow"), FateUnknownError),
        (httpx.RemoteProtocolError("closed"), FateUnknownError),
    ],
)
async def test_a_connection_that_fails_says_whether_anything_left(failure: Exception, error: type[Exception]) -> None:
    asgi = httpx.ASGITransport(app=FakeMastodon().app())

    async def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            raise failure
        return await asgi.handle_async_request(request)

    transport = httpx.MockTransport(handle)
    async with open_plain_client(user_agent="t", accepts={TextType.JSON}, transport=transport) as http:
        told = channel(http)
        with pytest.raises(error):
            await told.send(told.prepare(draft()))


@pytest.mark.parametrize("how", ["drop", "hang"])
async def test_over_a_real_connection(how: str) -> None:
    """The report is read whole, and no answer comes."""
    asked: list[bytes] = []
    found = json.dumps({"statuses": [{"id": "1", "uri": "https://x.example/1", "account": {"id": "2"}}]}).encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head)
            if head.startswith(b"POST"):
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]))
                if how == "hang":
                    await reader.read()
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(found), found))

    timeout = httpx.Timeout(0.3)
    async with (
        loopback(serve) as port,
        open_plain_client(user_agent="t", accepts={TextType.JSON}, named={"127.0.0.1"}, timeout=timeout) as http,
    ):
        told = channel(http, server=f"http://127.0.0.1:{port}")
        with pytest.raises(FateUnknownError):
            await told.send(told.prepare(draft(url="https://x.example/1", post_id="https://x.example/1")))
    assert [head.split()[0] for head in asked] == [b"GET", b"POST"]


def test_the_same_draft_is_the_same_bytes_and_the_token_is_not_in_it() -> None:
    outgoing = channel().prepare(draft())
    assert outgoing == channel().prepare(draft())
    assert TOKEN.encode() not in outgoing.body
    assert TOKEN not in repr(channel()._options)
    assert outgoing.to == f"{HOME}/api/v1/reports"


@pytest.mark.parametrize(
    ("handle", "account"),
    [
        ("quibbern04", "quibbern04@remote.example"),
        ("@quibbern04", "quibbern04@remote.example"),
        ("quibbern04@third.example", "quibbern04@third.example"),
        ("mubble@home.example", "mubble"),
        ("no name\n", None),
        (None, None),
    ],
)
def test_the_account_is_named_as_our_server_names_it(handle: str | None, account: str | None) -> None:
    payload = json.loads(channel().prepare(draft(account_handle=handle)).body)
    assert payload["account"] == account


def test_a_server_that_its_own_account_runs_gets_no_forward() -> None:
    payload = json.loads(channel(never_forward_to=["remote.example"]).prepare(draft()).body)
    assert payload["forward"] is False


@given(
    handles=st.lists(st.from_regex(r"[a-z]{2,8}:[A-Za-z0-9_.@+-]{1,60}", fullmatch=True), max_size=80),
    conduct=st.sampled_from([conduct for conduct in Conduct if not conduct.safeguarding]),
    path=st.text(alphabet="abc/%@1", max_size=300),
)
def test_the_comment_fits_and_keeps_the_reference(handles: list[str], conduct: Conduct, path: str) -> None:
    url = f"https://remote.example/{path}"
    comment = json.loads(channel().prepare(draft(handles=handles, conduct=conduct, url=url)).body)["comment"]
    assert len(comment) <= 1000
    assert url in comment
    assert REPORT_ID in comment


def test_an_address_that_is_too_long_for_the_comment_is_still_reported() -> None:
    url = f"https://remote.example/{'a' * 2000}"
    payload = json.loads(channel().prepare(draft(url=url)).body)
    assert payload["url"] == url
    assert REPORT_ID in payload["comment"]


@pytest.mark.parametrize("options", [{"server": "home.example"}, {"token": None}, {"tokens": "x"}])
def test_options_that_cannot_be_right_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        channel(**options)


def test_times_are_in_utc() -> None:
    late = datetime(2026, 11, 1, 13, 30, 0, 5, tzinfo=UTC).astimezone(tz=None) + timedelta(hours=0)
    payload = json.loads(channel().prepare(draft(observed_at=late)).body)
    assert "2026-11-01T13:30:00Z" in payload["comment"]
