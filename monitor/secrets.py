"""Where secrets are kept: in the value itself, in a file, or in the system's keyring.

`file:/run/secrets/token` reads a file (its last line feed is left out), `keyring:SERVICE/NAME` asks the system's
keyring, which needs the extra `keyring`. No message repeats a secret.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from monitor.errors import ConfigError

_LONGEST: Final = 100_000


def read_secret(value: str, *, of: str) -> str:
    """The secret that a value is or names.

    :param of: whose it is, for messages: "mastodon: access_token".
    :raises ConfigError: the file or the keyring does not give it.
    """
    kind, colon, rest = value.partition(":")
    if colon and kind == "file":
        return _from_file(Path(rest).expanduser(), of)
    if colon and kind == "keyring":
        return _from_keyring(rest, of)
    return value


def _from_file(path: Path, of: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            secret = file.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(
            f"{of} cannot be read from {path}: {why}.", do="Check the file and who may read it."
        ) from None
    if not secret:
        raise ConfigError(f"{of}: {path} is empty.", do="Write the secret into that file.")
    return secret


def _from_keyring(name: str, of: str) -> str:
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            f"{of} is kept in the system's keyring, which needs an extra.", do="Run `pip install handlewatch[keyring]`."
        ) from None
    service, slash, user = name.partition("/")
    if not slash or not service or not user:
        raise ConfigError(f"{of} names no entry of the keyring.", do="Write it as keyring:SERVICE/NAME.")
    try:
        secret = keyring.get_password(service, user)
    except KeyringError as error:
        raise ConfigError(
            f"{of} cannot be had from the system's keyring ({type(error).__name__}).", do="Unlock it, or use a file."
        ) from None
    if not secret:
        raise ConfigError(f"{of}: the system's keyring has no such entry.", do=f"Run `keyring set {service} {user}`.")
    return secret
