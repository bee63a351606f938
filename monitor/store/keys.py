"""The key that protects texts and handles at rest, and what is derived from it.

One master key of 32 bytes. From it (HKDF-SHA256): the encryption key (AES-256-GCM) and the key of the
look-up hashes (HMAC-SHA256), so that handles can be found without being stored in clear.
"""

from __future__ import annotations

import base64
import binascii
import errno
import hmac
import os
import secrets
import tempfile
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from monitor.errors import StoreError

KEY_VARIABLE = "HANDLEWATCH_KEY"
KEY_FILE = "handlewatch.plain-key"
"""Named for what it is: whoever can read this file beside the database can read the database."""

_FORMAT = b"\x01"
_NONCE_BYTES = 12
_ID_BYTES = 4


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"handlewatch/" + purpose).derive(master)


def _wrong_key(context: str) -> StoreError:
    return StoreError(
        f"A value of {context} cannot be decrypted: the key is not the one it was written with.",
        kept="The database is unchanged.",
        do=f"Point {KEY_VARIABLE} or the key file at the right key.",
    )


class Keyring:
    """Seals and opens column values, and makes the keyed hashes for look-ups.

    :param master: 32 secret bytes.
    """

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise StoreError(
                f"The key has {len(master)} bytes instead of 32.",
                do=f"Give {KEY_VARIABLE} (or the key file) the base64 text that `handlewatch init` wrote.",
            )
        self._aead = AESGCM(_derive(master, b"columns"))
        self._lookup = _derive(master, b"lookup")
        self.id = sha256(_derive(master, b"id")).digest()[:_ID_BYTES]

    def seal(self, clear: bytes, context: str) -> bytes:
        """Encrypts one value; `context` (table.column) binds it to its place."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + self.id + nonce + self._aead.encrypt(nonce, clear, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypts one value. Raises `StoreError` where the key is another or the value was changed."""
        head = len(_FORMAT) + _ID_BYTES
        nonce, body = sealed[head : head + _NONCE_BYTES], sealed[head + _NONCE_BYTES :]
        if sealed[: len(_FORMAT)] != _FORMAT or sealed[len(_FORMAT) : head] != self.id:
            raise _wrong_key(context)
        try:
            return self._aead.decrypt(nonce, body, context.encode())
        except InvalidTag:
            raise _wrong_key(context) from None

    def owns(self, sealed: bytes) -> bool:
        """Whether a value was sealed with this key."""
        return sealed[len(_FORMAT) : len(_FORMAT) + _ID_BYTES] == self.id

    def derived(self, purpose: str) -> bytes:
        """A key (32 bytes) for one further purpose of the look-up hashes."""
        return self.lookup("derived", purpose)

    def lookup(self, context: str, value: str) -> bytes:
        """The keyed hash (32 bytes) under which a value is found again; equal values, equal hashes."""
        return hmac.new(self._lookup, f"{context}\0{value}".encode("utf-8", "surrogatepass"), sha256).digest()


def new_key() -> str:
    """A fresh master key as text (base64)."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def write_key_file(path: Path) -> None:
    """Makes a key file that only its owner can read. Never overwrites one: losing a key loses the data.

    The file is there with a whole key, or not at all, also where the disk is full or the process is killed.
    """
    if not path.exists():
        write_private_file(path, new_key() + "\n")


def write_private_file(path: Path, text: str) -> None:
    """Makes a file for its owner's eyes, whole or not at all.

    :raises FileExistsError: it is there already. :raises OSError: it cannot be written.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _give_name(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _give_name(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)  # unlike a rename, never in the place of another file
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}:
            raise
        # A file system without hard links.
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        draft.rename(path)


def load_keyring(home: Path) -> Keyring:
    """The key from the environment, else from the plain key file in `home`. Raises `StoreError` without one."""
    text = os.environ.get(KEY_VARIABLE)
    if text is None:
        try:
            text = (home / KEY_FILE).read_text("utf-8")
        except FileNotFoundError:
            raise StoreError(
                f"There is no key: neither {KEY_VARIABLE} nor {home / KEY_FILE} is set.",
                kept="Nothing was read or written.",
                do="Run `handlewatch init` to make one, or restore the key that belongs to this database.",
            ) from None
        except OSError as error:
            raise StoreError(
                f"The key file {home / KEY_FILE} cannot be read: {error.strerror}.",
                kept="Nothing was read or written.",
                do="Make it readable for this user, and for no other.",
            ) from None
        except UnicodeDecodeError:
            text = "-"  # no base64 text either
    try:
        return Keyring(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError):
        raise StoreError(
            "The key is not base64 text.", do=f"Check {KEY_VARIABLE} or {home / KEY_FILE} against your backup."
        ) from None
