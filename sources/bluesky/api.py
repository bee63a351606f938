"""Reading from the AppView and from the servers that hold accounts: methods of the AT Protocol, by GET.

Without an account; or signed in with an app password, where the operator gives one. Sessions are scarce (30 in five
minutes): one is kept and refreshed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from monitor.errors import AuthError, HandlewatchError
from monitor.net.address import host_of
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get_json, refusal
from monitor.net.polite import COUNTED_AS
from monitor.ports import SourceContext
from sources.bluesky.options import Reads
from sources.shapes import as_dict, as_list, as_text

_SESSION: Final = "com.atproto.server.createSession"
_REFRESH: Final = "com.atproto.server.refreshSession"

Params = Sequence[tuple[str, str]]


class Api:
    """Asks the AppView, signed in where there is an account, and other servers without credentials."""

    def __init__(self, options: Reads, context: SourceContext) -> None:
        self._options, self._context = options, context
        self._handle = options.handle.get_secret_value() if options.handle else ""
        self._password = options.app_password.get_secret_value() if options.app_password else ""
        self._token = self._refresh = ""
        self._refused: AuthError | None = None
        self._holders: dict[str, str] = {}

    @property
    def signs_in(self) -> bool:
        """Whether there is an account to sign in with."""
        return bool(self._handle and self._password)

    async def get(self, method: str, params: Params) -> Mapping[str, Any]:
        """An answer of the AppView's. Raises what `monitor.net.http.get_json` raises, and `BadAnswerError`."""
        answer, _ = await self.ask(method, params)
        return answer

    async def ask(self, method: str, params: Params) -> tuple[Mapping[str, Any], httpx.Response]:
        """An answer of the AppView's, and how it came."""
        if not self.signs_in:
            return await self._ask(self._options.reads_from, method, params, {})
        # The account's own server passes it on to the AppView.
        for renewed in (False, True):
            token = await self._session()
            try:
                return await self._ask(
                    self._options.signs_in_at, method, params, {"Authorization": f"Bearer {token}"}, self._handle
                )
            except StatusError as error:
                if error.name != "ExpiredToken" or renewed:
                    raise
                self._token = ""
        raise AssertionError("the second attempt returns or raises")

    async def get_from(self, server: str, method: str, params: Params) -> Mapping[str, Any]:
        """An answer of another server's."""
        answer, _ = await self._ask(server, method, params, {})
        return answer

    async def _ask(
        self, server: str, method: str, params: Params, headers: Mapping[str, str], counted_as: str = ""
    ) -> tuple[Mapping[str, Any], httpx.Response]:
        extensions = {COUNTED_AS: counted_as} if counted_as else {}
        answer, response = await get_json(
            self._context.http,
            f"{server}/xrpc/{method}",
            params=httpx.QueryParams(list(params)),
            headers=headers,
            extensions=extensions,
        )
        said = as_dict(answer)
        if not said:
            raise BadAnswerError(f"{urlsplit(server).hostname} answered {method} with no object.")
        return said, response

    async def _session(self) -> str:
        """An access token. Credentials that were refused are not tried again."""
        if self._token:
            return self._token
        if self._refused is not None:
            raise self._refused
        said: Mapping[str, Any] = {}
        if self._refresh:
            try:
                said = await self._post(_REFRESH, headers={"Authorization": f"Bearer {self._refresh}"})
            except (AuthError, StatusError):
                self._refresh = ""
        if not said:
            try:
                said = await self._post(_SESSION, json={"identifier": self._handle, "password": self._password})
            except AuthError as error:
                self._refused = error
                raise
        self._token, self._refresh = as_text(said.get("accessJwt")), as_text(said.get("refreshJwt"))
        if not self._token:
            raise BadAnswerError(f"{urlsplit(self._options.signs_in_at).hostname} gave no session.")
        return self._token

    async def _post(self, method: str, **options: Any) -> Mapping[str, Any]:
        url = f"{self._options.signs_in_at}/xrpc/{method}"
        response = await self._context.http.post(
            url, follow_redirects=False, extensions={COUNTED_AS: self._handle}, **options
        )
        if not response.is_success:
            raise refusal(response)
        try:
            return as_dict(response.json())
        except ValueError:
            return {}

    async def holder(self, did: str) -> str | None:
        """The server that holds an account; None where its identity is gone, "" where it is not to be asked.

        Raises where that is unknown.
        """
        if self._options.holder is not None:
            return self._options.holder
        if did.startswith("did:web:") and not self._may_ask(did.removeprefix("did:web:")):
            return ""
        if did not in self._holders:
            try:
                document, _ = await get_json(self._context.http, self._document(did))
            except StatusError as error:
                if error.gone:
                    return None
                raise
            server = _server_in(as_dict(document))
            self._holders[did] = server if self._may_ask(host_of(server)) else ""
        return self._holders[did]

    def _may_ask(self, host: str) -> bool:
        return any(host == domain or host.endswith(f".{domain}") for domain in self._options.account_servers)

    def _document(self, did: str) -> str:
        if did.startswith("did:web:"):
            return f"https://{quote(did.removeprefix('did:web:'), safe='')}/.well-known/did.json"
        return f"{self._options.plc}/{quote(did, safe=':')}"


def _server_in(document: Mapping[str, Any]) -> str:
    for service in map(as_dict, as_list(document.get("service"))):
        address = as_text(service.get("serviceEndpoint"))
        if as_text(service.get("id")).endswith("#atproto_pds") and address.startswith(("https://", "http://")):
            return address.rstrip("/")
    raise BadAnswerError("The directory does not say which server holds the account.")


def is_named(error: HandlewatchError, *names: str) -> bool:
    """Whether a server refused with one of these errors."""
    return isinstance(error, StatusError) and error.name in names
