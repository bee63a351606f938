"""Access-bearing strings, replaced before anything is stored or shown.

File-host links, links that carry a key, magnet and onion links, data URIs and long encoded blobs become
``[link: host, class]``. A messenger's own invite link or id (t.me, Session, Tox ...) is a handle, never a blob:
it stays, to be matched and masked. Ordinary links stay too.
"""

from __future__ import annotations

import re
from typing import Final

from monitor.post import Post

FILE_HOSTS: Final = (
    "1drv.ms", "1fichier.com", "4shared.com", "anonfiles.com", "anonymfile.com", "bayfiles.com", "bunkr.",
    "catbox.moe", "cyberdrop.", "cyberfile.", "ddownload.com", "degoo.com", "disk.yandex.", "docs.google.com",
    "drive.google.com", "drive.proton.me", "dropbox.com", "dropboxusercontent.com", "easyupload.io", "file.io",
    "filebin.net", "filefactory.com", "filemail.com", "filen.io", "files.fm", "filetransfer.io", "fromsmash.com",
    "gofile.io", "icedrive.net", "icloud.com", "ipfs.io", "jottacloud.com", "k2s.cc", "keep2share.", "krakenfiles.com",
    "mediafire.com", "mega.co.nz", "mega.io", "mega.nz", "nextcloud.", "onedrive.live.com", "pan.baidu.com",
    "pcloud.com", "pcloud.link", "pixeldrain.com", "qiwi.gg", "rapidgator.net", "send.vis.ee", "sendgb.com",
    "sendspace.com", "sharepoint.com", "solidfiles.com", "swisstransfer.com", "sync.com", "terabox.", "teraboxapp.com",
    "1024tera.com", "tempsend.com", "temp.sh", "transfer.sh", "tresorit.com", "turbobit.net", "upload.ee",
    "uploadhaven.com", "uploadrar.com", "userscloud.com", "we.tl", "wetransfer.com", "workupload.com", "yadi.sk",
    "zippyshare.com",
)  # fmt: skip
"""Hosts whose links hand out files. A trailing dot stands for any ending."""

_MESSENGERS: Final = (
    "t.me", "telegram.me", "telegram.dog", "kik.me", "wa.me", "whatsapp.com", "line.me", "lin.ee", "discord.gg",
    "discord.com", "discordapp.com", "snapchat.com", "matrix.to", "signal.me", "signal.group", "signal.art",
    "threema.id", "viber.com", "viber.me", "vb.me", "wire.com", "simplex.chat", "conversations.im",
    "teleguard.com", "zangi.com",
)  # fmt: skip

_HOST: Final = r"[a-z0-9-]{1,63}(?:(?:\.|\[\.\]|\(\.\)|\[dot\])[a-z0-9-]{1,63}){1,8}"
_TAIL: Final = r"[^\s<>\"'\])}，。、]"
_LINK: Final = rf"(?<![a-z0-9@.])(?:h(?:tt|xx)ps?://)?(?P<host>{_HOST})(?::\d{{1,5}})?(?P<path>[/?#]{_TAIL}*)?"
_BLOB: Final = r"(?<![a-z0-9+/_=-])(?P<blob>[a-z0-9+/_-]{24,}={0,2})(?![a-z0-9+/_=-])"
_LINK_OR_BLOB: Final = re.compile(f"{_LINK}|{_BLOB}", re.IGNORECASE)
_MAGNET: Final = re.compile(r"magnet:\?[^\s<>\"']+", re.IGNORECASE)
_DATA: Final = re.compile(
    r"data:[a-z0-9.+-]{0,60}/?[a-z0-9.+-]{0,60}(?:;[a-z0-9=.+-]{1,60}){0,4},[^\s<>\"')]*", re.IGNORECASE
)
_HEX_ID: Final = re.compile(r"(?<![0-9a-f])(?:05[0-9a-f]{64}|[0-9a-f]{76})(?![0-9a-f])", re.IGNORECASE)
_KEY: Final = re.compile(r"#.{16,}|[?&#](?:key|rlkey|pwd|passw(?:or)?d|token|sig|decryption_?key)=.", re.IGNORECASE)

_LONG_BLOB: Final = 64
_ENCODED_LINK: Final = ("aHR0c", "bWFnbmV0", "bWVnYS5", "bWVnYS5uei")
"""How "http", "magnet" and "mega.n" begin in base64."""


def redact_access(post: Post) -> Post:
    """The post with every access-bearing string in its screened fields replaced; itself where there is none."""
    changed = {name: clean for name, text in post.fields() if (clean := redact(text)) != text}
    return post.with_fields(changed) if changed else post


def redact(text: str) -> str:
    """One text, access-bearing strings replaced by ``[link: host, class]``. Linear in the text's length."""
    if "data:" in text or "DATA:" in text or "Data:" in text:
        text = _DATA.sub(lambda found: "[link: none, data-uri]" if len(found[0]) > 12 else found[0], text)
    if "magnet:" in text.lower():
        text = _MAGNET.sub("[link: none, magnet]", text)
    return _LINK_OR_BLOB.sub(_replace, text)


def _replace(found: re.Match[str]) -> str:
    kind = _kind(found["host"].lower(), found["path"] or "") if found["host"] else _blob_kind(found["blob"])
    if not kind:
        return found[0]
    host = _plain(found["host"]) if found["host"] else "none"
    return f"[link: {'onion' if kind == 'onion' else host[:80]}, {kind}]"


def _plain(host: str) -> str:
    return re.sub(r"\[\.\]|\(\.\)|\[dot\]", ".", host.lower()).removeprefix("www.")


def _kind(host: str, path: str) -> str:
    """The class of an access-bearing link; empty for a link that stays."""
    host = _plain(host)
    kinds = {
        "onion": lambda: host.endswith(".onion"),
        "": lambda: _is(host, _MESSENGERS),
        "file-host": lambda: len(path) > 1 and _is(host, FILE_HOSTS),
        "key": lambda: bool(_KEY.search(path)),
        "encoded": lambda: any(_blob_kind(part) for part in re.split(r"[/?&=#.]", path)),
    }
    return next((kind for kind, applies in kinds.items() if applies()), "")


def _is(host: str, listed: tuple[str, ...]) -> bool:
    labels = f".{host}"
    return any(f".{name}" in labels if name.endswith(".") else labels.endswith(f".{name}") for name in listed)


def _blob_kind(run: str) -> str:
    if _HEX_ID.search(run):
        return ""
    mixed = any(c.isupper() for c in run) and any(c.islower() for c in run) and any(c.isdigit() for c in run)
    is_long = len(run) >= _LONG_BLOB and (mixed or all(c in "0123456789abcdefABCDEF" for c in run))
    return "encoded" if is_long or (run.startswith(_ENCODED_LINK) and len(run) >= 24) else ""
