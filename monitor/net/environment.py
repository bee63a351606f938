"""What the environment says of the way out: proxies, and the certificates that are believed.

What is named there and cannot be used is an error: nothing goes past it. Its value is never repeated, as it may hold
a password.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from monitor.errors import ConfigError

_WAYS: Final = frozenset({"http", "https", "all", "ws", "wss", "socks"})
_KINDS: Final = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})


def proxies() -> Mapping[str, str]:
    """Scheme of what is asked for ("https", "all", ...) -> its proxy's address, as HTTPS_PROXY and the like name it.

    :raises ConfigError: one of them is no address of a proxy.
    """
    return {way: _address(way, value) for way, value in getproxies().items() if way in _WAYS and value}


def proxy_for_websocket(*, secure: bool) -> str | None:
    """The proxy for wss:// (or ws://); None without one. Raises as :func:`proxies`."""
    named = proxies()
    ways = ("wss", "socks", "https", "all") if secure else ("ws", "socks", "https", "http", "all")
    return next((named[way] for way in ways if way in named), None)


def unusable_proxy(way: str) -> ConfigError:
    """The proxy for a scheme cannot be used."""
    return ConfigError(
        f"{way.upper()}_PROXY names no proxy that can be used.",
        kept="Nothing was sent.",
        do="Set it to http://HOST:PORT, or take it out of the environment.",
    )


def _address(way: str, value: str) -> str:
    address = value if "://" in value else f"http://{value}"  # as everybody understands it
    try:
        parts = urlsplit(address)
        usable = parts.scheme in _KINDS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise unusable_proxy(way)
    return address


def tls_context() -> ssl.SSLContext:
    """What TLS is spoken with: SSL_CERT_FILE's or SSL_CERT_DIR's authorities, else the usual ones.

    :raises ConfigError: the file is not there, or holds no certificates.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one, too
        raise ConfigError(
            f"The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {error.strerror or error}.",
            kept="Nothing was sent.",
            do="Correct it, or take it out of the environment.",
        ) from None
