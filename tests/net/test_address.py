from __future__ import annotations

import pytest

from monitor.net.address import checked_addresses, host_of, hosts_of, is_loopback, is_public
from monitor.net.errors import AddressRefusedError


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "no address",
    ],
)
def test_addresses_that_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("host", "yes"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("loopback.example", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_by_name(host: str, yes: bool) -> None:
    assert is_loopback(host) is yes


def test_hosts_of_urls() -> None:
    assert host_of("https://User@Social.Example:8443/x") == "social.example"
    assert host_of("https://[broken") == ""
    assert hosts_of(["https://a.example", "nothing", "ws://b.example/x"]) == {"a.example", "b.example"}


async def test_every_address_must_be_public_unless_the_host_was_named() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return {"good.example": ["93.184.216.34"], "mixed.example": ["93.184.216.34", "10.0.0.1"]}.get(host, [])

    assert await checked_addresses("good.example", 443, named=(), resolve=resolve) == ["93.184.216.34"]
    for host in ("mixed.example", "nowhere.example"):
        with pytest.raises(AddressRefusedError):
            await checked_addresses(host, 443, named=(), resolve=resolve)
        assert await checked_addresses(host, 443, named={host}, resolve=resolve) is None
