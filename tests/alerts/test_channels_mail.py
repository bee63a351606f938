from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import pytest
import xarf
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.channels.facts import channel_facts
from alerts.channels.mail import PLUGIN, MailChannel, MailOptions
from alerts.verdicts import Conduct, Risk
from monitor.channel_ports import FateUnknownError, NotSentError, RejectedError
from tests.support.loopback import loopback
from tests.support.reporting import REPORT_ID, Mailbox, draft, mail_server

Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


def channel(port: int = 25, **options: Any) -> MailChannel:
    values: dict[str, Any] = {
        "to": "desk@example.org",
        "organisation": "Example Institute",
        "contact": "reports@institute.example.org",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "timeout": 5,
    }
    return MailChannel("desk", MailOptions(**(values | options)))


def parts(body: bytes) -> tuple[str, dict[str, Any] | None, str | None]:
    mail = message_from_bytes(body, policy=default)
    text = mail.get_body(("plain",))
    assert text is not None
    attached = list(mail.iter_attachments())
    if not attached:
        return text.get_content(), None, None
    (one,) = attached
    return text.get_content(), json.loads(one.get_content()), one.get_filename()


def test_the_mail_says_what_it_must_and_no_more() -> None:
    outgoing = channel().prepare(draft())
    text, report, name = parts(outgoing.body)
    for said in (
        "https://remote.example/@quibbern04/7",
        "offers or asks for illegal material",
        "2026-11-01T11:30:00Z",
        REPORT_ID,
        "wickr:zorblat77",
        "Example Institute, reports@institute.example.org",
    ):
        assert said in text
    assert name == f"handlewatch-{REPORT_ID}.json"
    assert report is not None
    assert (report["report_id"], report["url"]) == (REPORT_ID, "https://remote.example/@quibbern04/7")
    assert "taboo" not in outgoing.body.decode()
    assert "taboo" not in json.dumps(report)
    assert outgoing.meta["message_id"] == f"<{REPORT_ID}@institute.example.org>"


def test_the_same_draft_is_the_same_bytes() -> None:
    assert channel().prepare(draft()) == channel().prepare(draft())


def test_the_address_in_the_report_is_a_uri() -> None:
    post = "https://b\u00fccher.example/stra\u00dfe?q=\u00fc"
    body = channel(organisation="B\u00fcro").prepare(draft(url=post)).body
    assert body.isascii()  # servers need not take anything else (RFC 6152)
    text, report, _ = parts(body)
    assert f"Post: {post}" in text
    assert report is not None
    assert report["url"] == "https://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%BC"
    assert report["source_identifier"] == "xn--bcher-kva.example"


def test_of_too_many_handles_the_first_are_named() -> None:
    handles = [f"wickr:zorblat{number:04}" for number in range(500)]
    text, report, _ = parts(channel().prepare(draft(handles=handles)).body)
    assert all(handle in text.replace("\n", "") for handle in handles)
    assert report is not None
    assert len(report["description"]) <= 1000
    assert "wickr:zorblat0007" in report["description"]


def test_handles_stay_out_where_the_channel_says_so() -> None:
    outgoing = channel(include_handles=False).prepare(draft())
    text, report, _ = parts(outgoing.body)
    assert "zorblat" not in text
    assert "zorblat" not in json.dumps(report)


@pytest.mark.parametrize("conduct", [conduct for conduct in Conduct if not conduct.safeguarding])
@pytest.mark.parametrize("risk", list(Risk))
def test_every_conduct_makes_a_valid_report_or_none(conduct: Conduct, risk: Risk) -> None:
    _, report, _ = parts(channel().prepare(draft(conduct=conduct, risk=risk)).body)
    if conduct is Conduct.OTHER_CRIME:
        assert report is None  # nothing of XARF's would be true of it
        return
    assert report is not None
    checked = xarf.parse(report)
    assert (checked.errors, checked.warnings) == ([], [])
    assert (report["category"], report["type"]) == ("content", "csem")
    assert report["exploitation_type"] == channel_facts()["mail"].reasons[conduct]
    assert report["detection_method"] == "manual_review"
    assert "evidence" not in report


@given(
    url=st.from_regex(r"https?://[a-z0-9.-]{1,30}(:[0-9]{1,5})?/[!-~]{0,60}", fullmatch=True),
    account=st.none() | st.text(max_size=40),
    platform=st.sampled_from(["mastodon", "reddit", "telegram", "somewhere_new"]),
    handles=st.lists(st.from_regex(r"[a-z]{2,8}:[A-Za-z0-9_.@+-]{1,40}", fullmatch=True), max_size=60),
)
def test_whatever_is_carried_is_valid(url: str, account: str | None, platform: str, handles: list[str]) -> None:
    try:
        outgoing = channel().prepare(draft(url=url, account_id=account, platform=platform, handles=handles))
    except ValueError:
        return  # cannot be carried: a person files it
    _, report, _ = parts(outgoing.body)
    assert report is not None
    checked = xarf.parse(report)
    assert (checked.errors, checked.warnings) == ([], [])
    assert report["url"] == url
    assert len(report["description"]) <= 1000


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "not a url",
        "at://did:plc:x/app.bsky.feed.post/1",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user:secret@remote.example/1",
        "https://remote.example/1\r\nBcc: other@example.org",
        "https://remote.example/a b",
        "https://remote.example:99999/",
        "https://[::1/",
    ],
)
def test_a_post_without_a_usable_address_cannot_be_carried(url: str | None) -> None:
    with pytest.raises(ValueError, match="address"):
        channel().prepare(draft(url=url))


@pytest.mark.parametrize(
    "parts_",
    [
        {"observed_at": datetime(2026, 11, 1)},  # noqa: DTZ001 - the point
        {"observed_at": datetime(1601, 1, 1, tzinfo=UTC)},
        {"platform": "x\r\nBcc: other@example.org"},
        {"report_id": "not a uuid"},
    ],
)
def test_nonsense_is_refused(parts_: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        channel().prepare(draft(**parts_))


@pytest.mark.parametrize(
    "options",
    [
        {"to": "nobody"},
        {"to": "dësk@example.org"},
        {"security": "ssl"},
        {"unknown": 1},
        {"host": "mail.example.org", "password": "p", "username": "u"},
    ],
)
def test_options_that_cannot_be_right_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        channel(**options)


async def test_a_real_server_takes_it_as_it_was_frozen() -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox) as port, httpx.AsyncClient() as http:
        told = PLUGIN.open("desk", channel(port)._options, http)
        outgoing = told.prepare(draft(note=".a line that begins with a dot\n..and another"))
        receipt = await told.send(outgoing)
    assert (receipt.status, receipt.remote_id) == ("250", outgoing.meta["message_id"])
    assert mailbox.mails == [outgoing.body]
    assert mailbox.envelopes == [("reports@institute.example.org", ["desk@example.org"])]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("554 not wanted here", RejectedError),
        ("552 too large", RejectedError),
        ("451 later please", NotSentError),
        ("421 going down", NotSentError),
        ("354 what", FateUnknownError),
        ("299 perhaps", FateUnknownError),
    ],
)
async def test_what_a_server_says_to_the_message(answer: str, error: type[Exception]) -> None:
    async with mail_server(Mailbox(answer=answer)) as port:
        with pytest.raises(error):
            await channel(port).send(channel(port).prepare(draft()))


STAGES = ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "content"]


@asynccontextmanager
async def failing_server(stage: str, how: str) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A mail server that works up to a stage, and then hangs, drops the connection, or answers with `how`."""
    received: list[bytes] = []

    async def fail(writer: asyncio.StreamWriter) -> None:
        if how == "drop":
            return
        if how != "hang":
            writer.write(f"{how} no\r\n".encode())
            await writer.drain()
        await asyncio.Event().wait()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if stage == "greeting":
            return await fail(writer)
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            verb = line.split()[0].decode().upper()
            if verb == stage:
                return await fail(writer)
            if verb != "DATA":
                writer.write(b"250 go on\r\n")
                continue
            writer.write(b"354 go on\r\n")
            received.append(await reader.readuntil(b"\r\n.\r\n"))
            return await fail(writer)
        return None

    async with loopback(serve) as port:
        yield port, received


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("how", ["hang", "drop", "421", "450", "550", "rubbish"])
async def test_at_every_stage_it_is_known_what_is_known(stage: str, how: str) -> None:
    # After the end of the content only an answer tells; before it, nobody has the mail. A refusal of this mail
    # is final; a refusal to talk to us at all is not about this mail.
    if stage == "content" and how in {"hang", "drop", "rubbish"}:
        expected: type[Exception] = FateUnknownError
    elif how == "550" and stage in {"MAIL", "RCPT", "DATA", "content"}:
        expected = RejectedError
    else:
        expected = NotSentError
    async with failing_server(stage, how) as (port, received):
        told = channel(port, timeout=0.2)
        with pytest.raises(expected):
            await told.send(told.prepare(draft()))
        assert len(received) == (stage == "content")


async def test_no_server_at_all() -> None:
    async with failing_server("greeting", "drop") as (port, _):
        pass
    told = channel(port, timeout=1)
    with pytest.raises(NotSentError, match="cannot be used"):
        await told.send(told.prepare(draft()))


async def test_cancelled_it_lets_go(recwarn: pytest.WarningsRecorder) -> None:
    async with failing_server("content", "hang") as (port, received):
        told = channel(port)
        work = asyncio.create_task(told.send(told.prepare(draft())))
        while not received:
            await asyncio.sleep(0.01)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    assert not recwarn.list


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 (to trust), and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    trusted, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    trusted.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(trusted, private)
    return trusted, context


async def test_by_starttls_with_a_password(certificate: tuple[Path, ssl.SSLContext]) -> None:
    trusted, context = certificate
    seen: list[LoginPassword] = []

    def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        seen.append(data)
        right = data.password == b"right"
        return AuthResult(success=right, handled=right)

    mailbox = Mailbox()
    options = {
        "tls_context": context,
        "require_starttls": True,
        "authenticator": authenticator,
        "auth_required": True,
    }
    async with mail_server(mailbox, **options) as port:
        secure = {"host": "localhost", "security": "starttls", "ca_file": trusted, "username": "reports"}
        told = channel(port, **secure, password="right")
        assert "right" not in repr(told._options)
        await told.send(told.prepare(draft()))
        wrong = channel(port, **secure, password="wrong")
        with pytest.raises(NotSentError, match="535"):
            await wrong.send(wrong.prepare(draft()))
        distrusting = channel(port, **(secure | {"ca_file": None}), password="right")
        with pytest.raises(NotSentError, match=r"(?i)certificate"):
            await distrusting.send(distrusting.prepare(draft()))
    assert len(mailbox.mails) == 1
    assert {data.password for data in seen} == {b"right", b"wrong"}


async def test_a_server_without_tls_gets_nothing() -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        told = channel(port, security="starttls")
        with pytest.raises(NotSentError):
            await told.send(told.prepare(draft()))
    assert mailbox.mails == []
