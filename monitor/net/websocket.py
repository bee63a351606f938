"""WebSockets, guarded like the HTTP client: addresses, proxies, certificates, sizes, and errors for people."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from monitor.clock import Clock
from monitor.errors import ConfigError, RateLimitedError, UnreachableError
from monitor.net.address import Resolve, checked_addresses, is_loopback, system_resolve
from monitor.net.environment import proxy_for_websocket, tls_context
from monitor.net.errors import RedirectRefusedError
from monitor.net.http import refused
from monitor.net.ratelimit import wait_after

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
OPEN_TIMEOUT: Final = 8.0
_QUEUE: Final = 512


class _Connect(connect):
    """Follows no redirect: where it leads was not named."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


@asynccontextmanager
async def open_websocket(
    url: str,
    *,
    user_agent: str,
    clock: Clock,
    named: Collection[str] = (),
    subprotocols: Sequence[str] = (),
    resolve: Resolve = system_resolve,
) -> AsyncGenerator[ClientConnection]:
    """An open connection, closed in the end. Sends nothing by itself (no pings: some servers close on any frame).

    While it is used, websockets' own `ConnectionClosed` tells that it ended.

    :param url: ws:// or wss://.
    :param named: hosts that the operator named; only these may have private or loopback addresses.
    :raises AuthError: 401 or 403. :raises RateLimitedError: 429. :raises StatusError: another refusal.
    :raises UnreachableError: no connection. :raises ConfigError: the URL or the proxy cannot be used.
    """
    host = (urlsplit(url).hostname or "").lower()
    try:
        connection = await _open(
            url,
            host,
            user_agent=user_agent,
            named=named,
            subprotocols=[Subprotocol(name) for name in subprotocols],
            resolve=resolve,
        )
    except InvalidStatus as error:
        raise _handshake_refused(error, url, clock) from error
    except (InvalidURI, ImportError) as error:
        raise ConfigError(
            f"{host or url} cannot be connected to: {error}.", do="Check the address and the proxy."
        ) from error
    except TimeoutError as error:
        raise UnreachableError(f"{host} did not answer in time.", do="Check the network; try again later.") from error
    except (OSError, InvalidHandshake, WebSocketException) as error:
        raise UnreachableError(
            f"{host} cannot be reached: {error}.", do="Check the address, the network and the proxy settings."
        ) from error
    try:
        yield connection
    finally:
        await connection.close()


async def _open(
    url: str,
    host: str,
    *,
    user_agent: str,
    named: Collection[str],
    subprotocols: list[Subprotocol],
    resolve: Resolve,
) -> ClientConnection:
    parsed = parse_uri(url)
    proxy = None if is_loopback(host) or proxy_bypass(host) else proxy_for_websocket(secure=parsed.secure)
    options: dict[str, Any] = {"ssl": tls_context()} if parsed.secure else {}
    # A proxy resolves and connects: what it may reach is its business.
    addresses = None if proxy else await checked_addresses(host, parsed.port, named=named, resolve=resolve)
    if addresses is not None:
        options |= {"host": addresses[0], "port": parsed.port}
    return await _Connect(
        url,
        user_agent_header=user_agent,
        subprotocols=subprotocols or None,
        proxy=proxy,
        compression=None,
        open_timeout=OPEN_TIMEOUT,
        close_timeout=2,
        ping_interval=None,
        max_size=MAX_FRAME_BYTES,
        max_queue=_QUEUE,
        **options,
    )


def _handshake_refused(error: InvalidStatus, url: str, clock: Clock) -> Exception:
    parts, status = urlsplit(url), error.response.status_code
    host = parts.hostname or ""
    headers = {name.lower(): value for name, value in error.response.headers.raw_items()}
    if status == 429:
        wait = wait_after(headers, clock(), refused=True)
        return RateLimitedError(
            f"{host} refuses for now: too many connections.", retry_after=wait, do="Try again later.", stated=True
        )
    if status >= 500:
        return UnreachableError(f"{host} answers with an error of its own ({status}).", do="Try again later.")
    if 300 <= status < 400:
        return RedirectRefusedError(
            f"{host} sends us on to another address.", do="If the server has moved, name its new address."
        )
    return refused(host, parts.path, status, bytes(error.response.body or b""))
