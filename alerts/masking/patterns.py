"""What is hidden for what it looks like (addresses, numbers, links, names), and how a text is compared.

All patterns are bounded, so that a hostile text costs no more than a harmless one of its length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Found(NamedTuple):
    """A run of shown characters and what it is (`kind` is one of `alerts.masking.Kind`)."""

    start: int
    end: int
    kind: str
    label: str
    evidence: bool = False


_REDACTED = re.compile(r"\[link: [^\[\]\n]{1,400}\]")
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_URL = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.)[^\s<>\"'\]]{1,4096}", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w@.-])(?:[\w-]{1,63}\.){1,6}"
    r"(?:(?:app|biz|cc|chat|club|co|com|de|dev|gg|im|info|io|link|me|net|onion|online|org|ru|site|to|tv|uk|us|xyz|"
    r"example|test)\b(?:/[^\s<>\"'\]]{0,4096})?|[a-z]{2,24}/[^\s<>\"'\]]{0,4096})",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w.])\+?\(?\d(?:[ ().\-/\u2010-\u2015]{0,2}\d){6,14}(?!\w)")
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}\b|\d{1,2}[-./]\d{1,2}[-./]\d{4}\b")
_MENTION = re.compile(r"(?<![\w/.])@\w[\w.-]{0,62}(?:@[\w.-]{3,253})?|(?<![\w/])/?u/[\w-]{2,30}")

_NAME = re.compile(r"(?<![\w.])\w[\w.]{4,62}\w(?!\w)")
_MEASURE = re.compile(r"v?[\d.]+[^\W\d_]{0,8}", re.IGNORECASE)


def names(text: str) -> Iterator[Found]:
    """What could be somebody's name somewhere, by its letters together with digits or underscores.

    The screen names the handles that it is sure of; of a list of fifty it takes the first few.
    """
    for match in _NAME.finditer(text):
        word = match[0]
        if (
            any(map(str.isalpha, word))
            and (("_" in word) or any(map(str.isdigit, word)))
            and not _MEASURE.fullmatch(word)
        ):
            yield Found(*match.span(), "account", "name or code")


def contacts(text: str, *, hide_host: Callable[[str], bool]) -> Iterator[Found]:
    """Phone numbers, e-mail addresses, account names and links; later ones are painted over earlier.

    :param hide_host: whether a link's host must not be named.
    """
    for match in _PHONE.finditer(text):
        if not _DATE.match(match[0]):
            yield Found(*match.span(), "contact", "phone number")
    for match in _BARE.finditer(text):
        yield Found(*match.span(), "link", _link(match[0], hide_host))
    for match in _EMAIL.finditer(text):
        yield Found(*match.span(), "contact", "e-mail address")
    for match in _MENTION.finditer(text):
        yield Found(*match.span(), "account", "account")
    for match in _URL.finditer(text):
        yield Found(*match.span(), "link", _link(match[0], hide_host))
    for match in _REDACTED.finditer(text):
        hidden = hide_host(match[0])
        yield Found(*match.span(), "link", "link" if hidden else match[0][1:-1].replace(": ", " · ", 1))


def _link(url: str, hide_host: Callable[[str], bool]) -> str:
    host = short_host(url, hide_host)
    return f"link · {host}" if host else "link"


def short_host(url: str, hide_host: Callable[[str], bool]) -> str | None:
    """The last two labels of a link's host (more may be a person's name); None where it must not be named."""
    rest = url.split("://", 1)[-1]
    host = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rsplit("@", 1)[-1].split(":", 1)[0].lower()
    short = ".".join(host.strip(".").split(".")[-2:])
    if not re.fullmatch(r"[a-z0-9-]{1,40}\.[a-z]{2,24}", short) or hide_host(short):
        return None
    return short


def sensitive_host(host: str, forms: Iterable[str]) -> bool:
    """Whether a host spells one of these folded secrets."""
    folded, _ = fold(host)
    return any(form in folded for form in forms)


def fold(text: str) -> tuple[str, list[int]]:
    """The text as it is compared: compatibility forms and case folded, marks and invisible characters dropped.

    :return: the folded text, and for each of its characters the index of the one it came from.
    """
    if text.isascii():
        return text.lower(), list(range(len(text)))
    characters: list[str] = []
    places: list[int] = []
    for index, character in enumerate(text):
        for folded in unicodedata.normalize("NFKD", character).casefold():
            if unicodedata.category(folded) not in {"Mn", "Me", "Cf"}:
                characters.append(folded)
                places.append(index)
    return "".join(characters), places


def occurrences(folded: str, form: str, *, whole_word: bool) -> Iterator[tuple[int, int]]:
    """Where a folded form occurs in a folded text.

    :param whole_word: only where no letter or digit stands beside it.
    """
    if not form:
        return
    at = folded.find(form)
    while at >= 0:
        end = at + len(form)
        if not whole_word or not (
            (folded[at - 1 : at].isalnum() and form[0].isalnum())
            or (folded[end : end + 1].isalnum() and form[-1].isalnum())
        ):
            yield at, end
            at = folded.find(form, end)
        else:
            at = folded.find(form, at + 1)


_NAMED = {0x00: "null", 0x07: "bell", 0x08: "backspace", 0x0B: "vertical tab", 0x0C: "form feed", 0x1B: "escape"}
_JOINERS = {"\u200c", "\u200d"}


def token(text: str, index: int) -> str | None:
    """The name of a character that would act on the display instead of being seen; None for any other.

    A joiner inside an emoji or between letters of a script that needs it is left alone.
    """
    character = text[index]
    category = unicodedata.category(character)
    if category not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or character in "\n\t":
        return None
    if character in _JOINERS and _joins(text, index):
        return None
    code = ord(character)
    name = (
        "lone surrogate" if category == "Cs" else unicodedata.name(character, "").lower() or _NAMED.get(code, "control")
    )
    return f"U+{code:04X} {name}"


def _joins(text: str, index: int) -> bool:
    before, after = text[index - 1 : index], text[index + 1 : index + 2]
    if not before or not after:
        return False
    if unicodedata.category(before) in {"So", "Sk", "Mn"} and unicodedata.category(after) == "So":
        return True
    return unicodedata.bidirectional(before) == "AL" == unicodedata.bidirectional(after)
