"""A proxy on loopback that opens tunnels to servers with certificates of an authority made for the test.

Behind each name stands a server on loopback without TLS: the tunnel's end speaks TLS in its name. So whoever comes
through went by the proxy, and believed the authority that the test named.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.loopback import loopback


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs certificates. `file`: its own, as SSL_CERT_FILE names it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._own = self._signed("Zorblat authority", self._key.public_key(), ca=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    def _signed(self, name: str, key: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("Zorblat authority"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if ca:
            usage = dict.fromkeys(
                ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                 "encipher_only", "decipher_only"), False
            )  # fmt: skip
            made = made.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        else:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        return made.sign(self._key, hashes.SHA256())

    def context(self, name: str) -> ssl.SSLContext:
        """What a server of this name speaks TLS with."""
        key = ec.generate_private_key(ec.SECP256R1())
        file = self._folder / f"{name}.pem"
        encoding = serialization.Encoding.PEM
        private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(private + self._signed(name, key.public_key(), ca=False).public_bytes(encoding))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context


class Tunnels:
    """The proxy. `behind`: name -> the port of its server; `opened`: what was asked for, in order."""

    def __init__(self, authority: Authority) -> None:
        self.behind: dict[str, int] = {}
        self.opened: list[str] = []
        self._authority = authority

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        method, where, _ = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode().split(" ")
        self.opened.append(f"{method} {where}")
        name, _, _ = where.partition(":")
        if method != "CONNECT" or name not in self.behind:
            writer.write(b"HTTP/1.1 502 no\r\nContent-Length: 0\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 connected\r\n\r\n")
        try:
            await writer.start_tls(self._authority.context(name))
        except (ssl.SSLError, ConnectionError):
            return  # it was not believed
        there, back = await asyncio.open_connection("127.0.0.1", self.behind[name])
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(reader, back))
                group.create_task(_pass_on(there, writer))
        finally:
            back.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass  # one side has gone
    writer.close()


@asynccontextmanager
async def tunnels(folder: Path) -> AsyncIterator[tuple[Tunnels, dict[str, str]]]:
    """The proxy, listening; and the environment that names it and its authority."""
    authority = Authority(folder)
    proxy = Tunnels(authority)
    async with loopback(proxy.serve) as port:
        address = f"http://127.0.0.1:{port}"
        yield proxy, {"HTTPS_PROXY": address, "HTTP_PROXY": address, "SSL_CERT_FILE": str(authority.file)}


@asynccontextmanager
async def answering(handle: Callable[[httpx.Request], httpx.Response], name: str) -> AsyncIterator[int]:
    """A fake's answers over real HTTP, in the name of a server; gives the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {key.lower(): value for key, value in (line.split(": ", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        answer = handle(httpx.Request(method, f"https://{name}{target}", headers=headers, content=body))
        content = await answer.aread()
        skipped = {"connection", "content-length", "transfer-encoding"}
        lines = [f"{key}: {value}" for key, value in answer.headers.items() if key not in skipped]
        lines += [f"Content-Length: {len(content)}", "Connection: close"]
        writer.write(("\r\n".join([f"HTTP/1.1 {answer.status_code} x", *lines]) + "\r\n\r\n").encode() + content)
        await writer.drain()

    async with loopback(serve) as port:
        yield port
