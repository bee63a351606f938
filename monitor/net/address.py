"""Which addresses may be reached: public ones, and those of servers that the operator named."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable
from urllib.parse import urlsplit

from monitor.net.errors import AddressRefusedError

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The IP addresses of a host name and port. Raises `OSError` where there is none."""

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


async def system_resolve(host: str, port: int) -> list[str]:
    """The system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def host_of(url: str) -> str:
    """The host that a URL names, lower case; empty where it names none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name (no look-up): localhost, 127.0.0.0/8, ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet; addresses that wrap an IPv4 one count as that."""
    try:
        ip: IpAddress = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if inner is None and ip in ipaddress.IPv6Network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = inner or ip
    return ip.is_global and not ip.is_multicast


async def checked_addresses(host: str, port: int, *, named: Collection[str], resolve: Resolve) -> list[str] | None:
    """The addresses to connect to, every one of them public; None for a named host (connect as usual).

    Connecting to exactly these closes the gap between looking and connecting (DNS rebinding).

    :raises AddressRefusedError: one of the addresses is not public.
    :raises OSError: the name cannot be resolved.
    """
    if host.lower() in named:
        return None
    addresses = await resolve(host, port)
    if not addresses or not all(map(is_public, addresses)):
        raise AddressRefusedError(
            f"{host} leads to an address inside a private network.",
            kept="Nothing was sent there.",
            do="If you mean this server, name it in the source's configuration.",
        )
    return addresses


def hosts_of(urls: Iterable[str]) -> frozenset[str]:
    """The hosts that URLs name."""
    return frozenset(host_of(url) for url in urls) - {""}
