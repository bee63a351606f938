"""Mail by SMTP: a plain text part and, where the conduct has a XARF type, a XARF v4 report as an attachment.

Who is responsible when (RFC 5321, 4.2.5 and 6.1): until the end of the data was sent, nobody has the mail; a
negative answer means that the server has not taken it; without an answer to the end of the data, nobody knows.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

import httpx
from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from pydantic import EmailStr, Field, SecretStr, field_validator, model_validator

from alerts.channels.configured import ChannelOptions
from alerts.channels.facts import channel_facts
from alerts.channels.wording import note_lines, public_url
from alerts.channels.xarf_csem import csem_report
from monitor.channel_ports import (
    ChannelPlugin,
    FateUnknownError,
    NotSentError,
    Outgoing,
    Receipt,
    RejectedError,
    ReportDraft,
)
from monitor.net.address import is_loopback

_LEADING_DOT = re.compile(rb"(?m)^\.")
_GO_ON, _TAKEN = 354, 250
_POLICY = SMTP_POLICY.clone(cte_type="7bit")
"""ASCII on the wire, so that any server takes it."""


class MailOptions(ChannelOptions):
    """How mail is sent, and to whom. The password is best given in the environment."""

    to: EmailStr = Field(description="Who receives the reports. They must have asked for them, or take such mail.")
    organisation: str = Field(
        min_length=1, max_length=200, description="Who reports. Default: the controller of [organisation]."
    )
    contact: EmailStr = Field(description="The sender; answers go there. Default: the contact of [organisation].")
    host: str = Field(min_length=1, description="The outgoing mail server.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="starttls (port 587), tls from the first byte (465), or none (a local relay)."
    )
    ca_file: Path | None = Field(default=None, description="Certificates to trust instead of the system's.")
    username: str | None = Field(default=None, description="The account at the mail server, where it wants one.")
    password: SecretStr | None = Field(default=None, description="HANDLEWATCH_CHANNELS__NAME__PASSWORD sets it.")
    timeout: float = Field(default=30, gt=0, le=60, description="Seconds to wait for each answer of the server.")

    @field_validator("to", "contact")
    @classmethod
    def _plain(cls, address: str) -> str:
        if not address.isascii():
            raise ValueError("only addresses in ASCII can be used")
        return address

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> MailOptions:
        if self.security == "none" and self.password is not None and not is_loopback(self.host):
            raise ValueError("a password is not sent without TLS: use security = 'starttls' or 'tls'")
        return self


class MailChannel:
    """Sends reports as mail."""

    def __init__(self, name: str, options: MailOptions) -> None:
        self.name = name
        self._options = options
        self._facts = channel_facts()["mail"]

    def prepare(self, draft: ReportDraft) -> Outgoing:
        """The whole message, as it will leave. Raises `ValueError` where the post has no usable address."""
        options, mail = self._options, EmailMessage(policy=_POLICY)
        public_url(draft.subject.url)
        message_id = f"<{draft.report_id}@{options.contact.rpartition('@')[2]}>"
        mail["Message-ID"] = message_id
        mail["Date"] = format_datetime(draft.decided_at)
        mail["From"] = Address(display_name=options.organisation, addr_spec=options.contact)
        mail["To"] = options.to
        mail["Subject"] = f"Report of a post on {draft.subject.platform} [{draft.report_id}]"
        lines = note_lines(draft, handles=options.include_handles)
        mail.set_content("\n".join([*lines, "", f"{options.organisation}, {options.contact}", ""]))
        attachment = csem_report(
            draft,
            facts=self._facts,
            organisation=options.organisation,
            contact=options.contact,
            handles=options.include_handles,
        )
        if attachment is not None:
            mail.add_attachment(
                attachment, maintype="application", subtype="json", filename=f"handlewatch-{draft.report_id}.json"
            )
            mail.set_boundary(f"=_{draft.report_id}")  # the same draft, the same bytes
        return Outgoing(
            to=options.to,
            content_type="message/rfc822",
            body=mail.as_bytes(),
            meta={"from": options.contact, "message_id": message_id},
        )

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Hands the message to the server; see :class:`monitor.channel_ports.Channel`."""
        async with self._connected() as client:
            try:
                await client.mail(outgoing.meta["from"])
                await client.rcpt(outgoing.to)
                begun = await client.execute_command(b"DATA")
            except (SMTPException, OSError) as error:
                raise _refusal(error) from error
            if begun.code != _GO_ON:
                raise _refusal(SMTPResponseException(begun.code, begun.message))
            answer = await self._content(client, outgoing.body)
            if answer.code == _TAKEN:
                return Receipt(
                    remote_id=outgoing.meta["message_id"], status=str(answer.code), detail=_one_line(answer.message)
                )
            if 400 <= answer.code < 600:
                raise _refusal(SMTPResponseException(answer.code, answer.message))
            raise FateUnknownError(f"the mail server answered {answer.code} to the message, which says nothing")

    async def _content(self, client: SMTP, body: bytes) -> SMTPResponse:
        """Sends the content and its end in one; from here on only an answer tells what became of it."""
        protocol = client.protocol
        if protocol is None:
            raise NotSentError("the mail server closed the connection before the message")
        try:
            protocol.write(_LEADING_DOT.sub(b"..", body) + b".\r\n")
        except SMTPServerDisconnected as error:
            raise NotSentError("the mail server closed the connection before the message") from error
        try:
            return await protocol.read_response(timeout=self._options.timeout)
        except (SMTPException, OSError) as error:
            client.close()
            raise FateUnknownError(
                f"the message was sent, and the mail server did not say what became of it ({_words(error)})"
            ) from error

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[SMTP]:
        options = self._options
        client = SMTP(
            hostname=options.host,
            port=options.port,
            use_tls=options.security == "tls",
            start_tls=options.security == "starttls",
            tls_context=None if options.security == "none" else ssl.create_default_context(cafile=options.ca_file),
            username=options.username,
            password=options.password.get_secret_value() if options.password else None,
            # Said in EHLO: the name of this machine is nobody's business.
            local_hostname=options.contact.rpartition("@")[2],
            timeout=options.timeout,
        )
        try:
            await client.connect()
        except (SMTPException, OSError) as error:
            # Whatever the code: the server does not talk to us (yet), which says nothing about this report.
            raise NotSentError(f"the mail server {options.host} cannot be used: {_words(error)}") from error
        try:
            yield client
        finally:
            client.close()  # without QUIT: its answer could only delay what is known


def _refusal(error: Exception) -> NotSentError | RejectedError:
    """What a failure before the message, or a negative answer to it, means."""
    if isinstance(error, SMTPResponseException) and 500 <= error.code < 600:
        return RejectedError(f"the mail server refused: {error.code} {_one_line(error.message)}")
    return NotSentError(f"the mail server did not take it: {_words(error)}")


def _words(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {_one_line(error.message)}"
    if isinstance(error, SMTPTimeoutError):
        return "no answer in time"
    return _one_line(str(error)) or type(error).__name__


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def _open(name: str, options: MailOptions, http: httpx.AsyncClient) -> MailChannel:  # noqa: ARG001 - the port's form
    return MailChannel(name, options)


PLUGIN = ChannelPlugin(
    name="mail",
    summary="Mail by SMTP: plain text and a XARF v4 report.",
    options=MailOptions,
    open=_open,
    example="""\
[channels.desk]
plugin = "mail"
platforms = ["*"]
to = "abuse-desk@example.org"
host = "smtp.example.org"
username = "reports"
# HANDLEWATCH_CHANNELS__DESK__PASSWORD in the environment
""",
)
