"""What people send: small forms, signed with the session's token."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.requests import Request

from monitor.errors import AuthError, ConfigError

FORM_TYPE = "application/x-www-form-urlencoded"


class Form:
    """The texts of one form; absent ones are empty. Lone surrogates and NUL do not come through."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @property
    def names(self) -> Iterable[str]:
        """What it has: of boxes, those that were ticked."""
        return self._values

    def text(self, name: str) -> str:
        """One text, trimmed; its lines end as they were typed, not as forms send them."""
        return self._values.get(name, "").replace("\0", "").replace("\r\n", "\n").strip()

    def secret(self, name: str) -> str:
        """One text exactly as it was typed."""
        return self._values.get(name, "")

    def number(self, name: str) -> int | None:
        """One number, None where it is absent. Raises `ConfigError`."""
        text = self.text(name)
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise ConfigError(f"{name.replace('_', ' ')} is not a number.", kept="Nothing was changed.")
        return int(text)


async def read_form(request: Request) -> Form:
    """Reads a form that a page of ours sent. Raises `AuthError`, `ConfigError`."""
    refuse_other_sites(request)
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM_TYPE:
        raise ConfigError("Only forms of this page are taken.", kept="Nothing was changed.")
    async with request.form(max_fields=60) as sent:
        return Form({name: value for name, value in sent.items() if isinstance(value, str)})


def refuse_other_sites(request: Request) -> None:
    """Browsers say from where a form comes; another site's is refused whatever it brings. Raises `AuthError`.

    Our own forms have the origin "null", because our pages send no referrer.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "null")
    foreign = site not in {None, "same-origin", "none"}
    if origin != "null" and urlsplit(origin).netloc != request.headers.get("host"):
        foreign = True
    if foreign:
        raise AuthError("That form came from another site.", kept="Nothing was changed.", do="Use this page's own.")


def same_token(given: str, expected: str) -> bool:
    """Compares two tokens in constant time; empty ones never match."""
    return bool(expected) and secrets.compare_digest(given.encode(), expected.encode())
