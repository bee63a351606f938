from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.post import Author, Post
from monitor.text.access import redact, redact_access

BLOB = "aB3" * 40


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("see https://mega.nz/folder/AbCdEfGh#kEyKeyKeyKeyKeyKey now", "see [link: mega.nz, file-host] now"),
        ("mega.nz/file/abc", "[link: mega.nz, file-host]"),
        ("hxxps://mega[.]nz/file/abc", "[link: mega.nz, file-host]"),
        ("https://www.dropbox.com/s/abc/x", "[link: dropbox.com, file-host]"),
        ("<a href='https://gofile.io/d/abc'>x</a>", "<a href='[link: gofile.io, file-host]'>x</a>"),
        ("magnet:?xt=urn:btih:abc&dn=x end", "[link: none, magnet] end"),
        (f"http://{'a2' * 28}.onion/x", "[link: onion, onion]"),
        ("data:text/plain;base64,SGVsbG8gd29ybGQ=", "[link: none, data-uri]"),
        ("https://host.example/x#AbCdEfGhIjKlMnOpQrSt", "[link: host.example, key]"),
        ("https://host.example/x?rlkey=abc", "[link: host.example, key]"),
        (f"x {BLOB} y", "x [link: none, encoded] y"),
        ("aHR0cHM6Ly9ob3N0LmV4YW1wbGUveA==", "[link: none, encoded]"),
        (f"https://host.example/{BLOB}", "[link: host.example, encoded]"),
    ],
)
def test_access_bearing_strings_are_replaced(text: str, clean: str) -> None:
    assert redact(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "https://t.me/zorblat_77 and t.me/+AbCdEfGhIjKlMnOp",
        "https://wa.me/15550100123",
        "https://matrix.to/#/@zorblat:server.example",
        "https://signal.me/#eu/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz01",
        "https://discord.gg/aBcDeFgH",
        "05" + "aB" * 32,
        "0F" * 38,
        "an ordinary link https://news.example/2026/11/a-long-title-about-nothing-much-at-all?page=2#comments",
        "zorblat@server.example",
        "data: 5 of 7, and a very-long-hyphenated-word-that-goes-on-and-on-and-on-and-on-for-ever",
    ],
)
def test_handles_and_ordinary_text_stay(text: str) -> None:
    assert redact(text) == text


def test_every_screened_field_is_covered_and_others_are_not() -> None:
    link = "https://mega.nz/folder/x"
    post = Post(platform="forum", id="1", url=link, text=link, title=link, tags=("a", link), author=Author(bio=link))
    clean = redact_access(post)
    assert {text for _, text in clean.fields()} == {"[link: mega.nz, file-host]", "a"}
    assert clean.url == link
    untouched = Post(platform="forum", id="1", text="hello")
    assert redact_access(untouched) is untouched


@given(st.text(alphabet="aB3.:/#?=-[]@ h", max_size=200))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("piece", ["a.", "http://", "data:", "data:;a", "magnet:", "aB3", "[.]", "a-", "#", "h."])
def test_long_texts_are_linear(piece: str) -> None:
    redact(piece * (1_000_000 // len(piece)))
