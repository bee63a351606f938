"""The report API of Mastodon and compatible servers: POST /api/v1/reports on the reporter's own server.

Accounts and posts have ids of that server's own, so a remote post is first looked up there (reads only). The
one write is the report. Answers as recorded from Mastodon's source, GoToSocial and snac2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
from pydantic import Field, HttpUrl, SecretStr

from alerts.channels.configured import ChannelOptions
from alerts.channels.facts import channel_facts
from alerts.channels.wording import fit, host_of, note_lines, public_url
from monitor.channel_ports import (
    ChannelPlugin,
    FateUnknownError,
    NotSentError,
    Outgoing,
    Receipt,
    RejectedError,
    ReportDraft,
)
from monitor.clock import system_clock
from monitor.errors import HandlewatchError
from monitor.net.ratelimit import wait_after

_REPORTS = "/api/v1/reports"
_LOCAL_ID = re.compile(r"/(?:@[^/]+|users/[^/]+/statuses|statuses|notice|objects)/(?P<id>[A-Za-z0-9_-]+)/?$")
_ACCOUNT = re.compile(r"@?[\w.-]+(?:@[\w.:-]+)?")
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""httpx's errors that say that no byte of the request reached the server."""


class MastodonOptions(ChannelOptions):
    """Which server the report is made on, and with which account. The token is best given in the environment."""

    server: HttpUrl = Field(description="The server of the reporting account, as https://social.example.org")
    token: SecretStr = Field(
        description="Access token with write:reports and read:search. HANDLEWATCH_CHANNELS__NAME__TOKEN sets it."
    )
    forward: bool = Field(default=True, description="Have the report forwarded to the server of the account.")
    never_forward_to: list[str] = Field(
        default=[], description="Hosts that reports are not forwarded to: run by those who are reported there."
    )


@dataclass(frozen=True, slots=True)
class _Target:
    """The account and the post, by the ids of the server that we report on."""

    account_id: str
    status_id: str | None


class MastodonChannel:
    """Reports posts to the moderators of a Mastodon-compatible server.

    :param http: makes every request once and follows no redirects (`monitor.net.http.open_plain_client`).
    """

    def __init__(self, name: str, options: MastodonOptions, http: httpx.AsyncClient) -> None:
        self.name = name
        self._options = options
        self._base = str(options.server).rstrip("/")
        self._http = http
        self._facts = channel_facts()["mastodon"]

    def prepare(self, draft: ReportDraft) -> Outgoing:
        """The report's text and what to look up for it. Raises `ValueError` where the post has no usable address."""
        url = public_url(draft.subject.url)
        uri = draft.subject.post_id if draft.subject.post_id.startswith(("http://", "https://")) else url
        payload = {
            "comment": fit(note_lines(draft, handles=self._options.include_handles), self._facts.text_limit),
            "category": self._facts.reasons[draft.conduct],
            "fallback": self._facts.reasons["fallback"],
            "forward": self._options.forward and host_of(uri) not in self._options.never_forward_to,
            "url": url,
            "uri": uri,
            "account": self._address(draft.subject.account_handle, host_of(uri)),
        }
        return Outgoing(
            to=self._base + _REPORTS,
            content_type="application/json",
            body=json.dumps(payload, sort_keys=True).encode(),
        )

    def _address(self, handle: str | None, host: str) -> str | None:
        """The account as this server names it: name@host, or the bare name of one of its own."""
        if not handle or not _ACCOUNT.fullmatch(handle):
            return None
        name, _, own_host = handle.lstrip("@").partition("@")
        host = own_host.lower() or host
        return name if host == host_of(self._base) else f"{name}@{host}"

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Looks up the ids, then reports; see :class:`monitor.channel_ports.Channel`."""
        payload = cast("dict[str, Any]", json.loads(outgoing.body))
        target = await self._find(payload)
        form: dict[str, Any] = {
            "account_id": target.account_id,
            "comment": payload["comment"],
            "category": payload["category"],
            "forward": "true" if payload["forward"] else "false",
        }
        if target.status_id is not None:
            form["status_ids[]"] = [target.status_id]
        changed: list[str] = []
        response = await self._post(form)
        # Both second tries follow an answer that says clearly that nothing was taken.
        if response.status_code in {400, 422} and _names_category(response):
            form["category"] = payload["fallback"]
            changed.append(f"category {payload['fallback']}: the server does not know {payload['category']}")
            response = await self._post(form)
        if response.status_code == 404 and form.pop("status_ids[]", None):
            changed.append("without the post's id, which the server does not find")
            response = await self._post(form)
        return _judge(response, changed)

    async def _post(self, form: Mapping[str, Any]) -> httpx.Response:
        try:
            return await self._http.post(
                self._base + _REPORTS, data=form, headers=self._headers(), follow_redirects=False
            )
        except _NEVER_LEFT as error:
            raise NotSentError(f"{host_of(self._base)} cannot be reached: {error}") from error
        except (httpx.HTTPError, HandlewatchError) as error:
            raise FateUnknownError(
                f"the report was sent, and {host_of(self._base)} did not say what became of it ({_words(error)})"
            ) from error

    async def _find(self, payload: Mapping[str, Any]) -> _Target:
        status = await self._status(payload["url"], payload["uri"])
        if status is not None:
            account_id, status_id = _id(status.get("account")), _id(status)
            if account_id is not None:
                return _Target(account_id, status_id)
        account_id = await self._account(payload["account"]) if payload["account"] else None
        if account_id is None:
            raise RejectedError(f"{host_of(self._base)} knows neither the post nor the account")
        return _Target(account_id, None)

    async def _status(self, url: str, uri: str) -> dict[str, Any] | None:
        """The post as this server knows it. A server's own posts are often not found by address, but by id."""
        found = await self._get("/api/v2/search", q=url, type="statuses", resolve="true", limit="5")
        for status in _listed(found, "statuses"):
            if _same(status, url, uri):
                return status
        local = _LOCAL_ID.search(urlsplit(url).path) if host_of(url) == host_of(self._base) else None
        status = await self._get(f"/api/v1/statuses/{local['id']}") if local else None
        return status if status is not None and _same(status, url, uri) else None

    async def _account(self, address: str) -> str | None:
        account = await self._get("/api/v1/accounts/lookup", acct=address)
        if account is not None and _id(account):
            return _id(account)
        found = await self._get("/api/v2/search", q=f"@{address}", type="accounts", resolve="true", limit="5")
        for known in _listed(found, "accounts"):
            if str(known.get("acct", "")).lower() == address.lower():
                return _id(known)
        return None

    async def _get(self, path: str, **query: str) -> dict[str, Any] | None:
        """Reads; None where there is nothing. Whatever goes wrong: nothing was reported yet."""
        try:
            response = await self._http.get(self._base + path, params=query, headers=self._headers())
        except (httpx.HTTPError, HandlewatchError) as error:
            raise NotSentError(f"{host_of(self._base)} cannot be asked for the post: {_words(error)}") from error
        if response.status_code in {400, 404, 410, 422}:
            return None
        _raise_if_later(response)
        if not response.is_success:
            raise NotSentError(f"{host_of(self._base)} cannot be asked for the post: {response.status_code}")
        return _json(response)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._options.token.get_secret_value()}"}


def _judge(response: httpx.Response, changed: list[str]) -> Receipt:
    """What the last answer to the report means."""
    _raise_if_later(response)
    status, said = response.status_code, _said(response)
    if response.is_success:
        report = _json(response)
        if report is None or _id(report) is None:
            raise FateUnknownError(f"the server answered {status}, but not with a report")
        details = [f"category {report.get('category')}, forwarded {report.get('forwarded')}", *changed]
        return Receipt(remote_id=_id(report), status=str(status), detail="; ".join(details))
    if status >= 500:
        raise FateUnknownError(f"the server failed ({status}{said}) and did not say whether it took the report")
    if response.is_redirect:
        raise RejectedError(f"the server wants reports elsewhere ({status}); check the channel's `server`")
    raise RejectedError("; ".join([f"the server refused the report ({status}{said})", *changed]))


def _raise_if_later(response: httpx.Response) -> None:
    """Answers after which trying again, later, is right: too many requests, or a token to mend."""
    status = response.status_code
    if status == 429:
        wait = wait_after(response.headers, system_clock(), refused=True)
        raise NotSentError("too many requests (429)", retry_after=wait)
    if status in {401, 403}:
        raise NotSentError(f"the server refused the access token ({status}{_said(response)}); check it and its scopes")
    if status == 408:
        raise NotSentError("the server did not receive the whole request (408)")


def _names_category(response: httpx.Response) -> bool:
    return "category" in _said(response).lower()


def _same(status: Mapping[str, Any], url: str, uri: str) -> bool:
    known = {status.get("url"), status.get("uri")} - {None}
    return bool(known & {url, uri})


def _id(value: object) -> str | None:
    found = cast("dict[str, Any]", value).get("id") if isinstance(value, dict) else None
    return str(found) if isinstance(found, str | int) and str(found) else None


def _listed(value: dict[str, Any] | None, name: str) -> list[dict[str, Any]]:
    found = value.get(name) if value else None
    if not isinstance(found, list):
        return []
    return [cast("dict[str, Any]", item) for item in cast("list[object]", found) if isinstance(item, dict)]


def _json(response: httpx.Response) -> dict[str, Any] | None:
    try:
        value: object = response.json()
    except ValueError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _said(response: httpx.Response) -> str:
    error = (_json(response) or {}).get("error")
    return f": {' '.join(error.split())[:200]}" if isinstance(error, str) and error else ""


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


PLUGIN = ChannelPlugin(
    name="mastodon",
    summary="The report API of Mastodon and compatible servers.",
    options=MastodonOptions,
    open=MastodonChannel,
    example="""\
[channels.fediverse]
plugin = "mastodon"
platforms = ["mastodon"]
server = "https://social.example.org"
# HANDLEWATCH_CHANNELS__FEDIVERSE__TOKEN in the environment
""",
)
