"""Connecting: to addresses that may be reached, through the environment's proxy, with its certificates."""

from __future__ import annotations

import ssl
from collections.abc import Collection
from typing import Final
from urllib.request import proxy_bypass

import httpx

from monitor.net.address import Resolve, checked_addresses, is_loopback, system_resolve
from monitor.net.environment import proxies, tls_context, unusable_proxy

_ADDRESSES_TRIED: Final = 3


class NetworkTransport(httpx.AsyncBaseTransport):
    """Connects: straight or through the environment's proxy, with SSL_CERT_FILE, to addresses that may be reached.

    :param named: hosts that the operator named; only these may have private or loopback addresses.
    :raises ConfigError: a proxy or a file of certificates of the environment cannot be used.
    """

    def __init__(self, *, named: Collection[str] = (), resolve: Resolve = system_resolve) -> None:
        self._named = named
        self._resolve = resolve
        tls = tls_context()
        self._direct = httpx.AsyncHTTPTransport(verify=tls)
        ways = {way: url for way, url in proxies().items() if way in {"http", "https", "all"}}
        self._proxied = {way: _through(way, url, tls) for way, url in ways.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request. Raises httpx's errors, and `AddressRefusedError`."""
        host = request.url.host
        proxy = self._proxied.get(request.url.scheme) or self._proxied.get("all")
        if proxy is not None and not is_loopback(host) and not proxy_bypass(host):
            # The proxy resolves and connects: what it may reach is its business.
            return await proxy.handle_async_request(request)
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            addresses = await checked_addresses(host, port, named=self._named, resolve=self._resolve)
        except OSError as error:
            raise httpx.ConnectError(
                f"{host} cannot be resolved: {error.strerror or error}", request=request
            ) from error
        if addresses is None:
            return await self._direct.handle_async_request(request)
        return await self._pinned(request, addresses[:_ADDRESSES_TRIED])

    async def _pinned(self, request: httpx.Request, addresses: list[str]) -> httpx.Response:
        """Connects to the checked addresses, in turn; Host header and certificate stay those of the name."""
        failed: Exception = httpx.ConnectError("no address", request=request)
        for address in addresses:
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
            try:
                return await self._direct.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise failed

    async def aclose(self) -> None:
        """Closes the connections."""
        for transport in (self._direct, *self._proxied.values()):
            await transport.aclose()


def _through(way: str, url: str, tls: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
    try:
        return httpx.AsyncHTTPTransport(verify=tls, proxy=httpx.Proxy(url=url))
    except (ValueError, ImportError, httpx.InvalidURL):  # SOCKS needs a package of its own
        raise unusable_proxy(way) from None
