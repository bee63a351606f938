"""Apps, lexicon and rules as data: what is accepted, and how errors are worded."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.detect import bundle
from monitor.detect.bundle import load_bundle
from monitor.detect.screen import Screen
from monitor.errors import ConfigError
from monitor.post import Post

SEVENTEEN = {
    "wickr",
    "kik",
    "telegram",
    "session",
    "signal",
    "snapchat",
    "discord",
    "whatsapp",
    "threema",
    "wire",
    "matrix",
    "viber",
    "line",
    "zangi",
    "teleguard",
    "tox",
    "xmpp",
}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_bundle() -> None:
    bundle = load_bundle()
    assert {app.id for app in bundle.apps} == SEVENTEEN
    assert set(bundle.lexicon) == {"taboo", "perv", "teen", "nolimits", "map", "aam"}
    assert all(term.source for term in bundle.lexicon.values())
    assert bundle.hash.startswith("sha256:")
    assert bundle.hash == load_bundle().hash
    assert not any(rule.kind == "house-rule" for rule in bundle.rules.rules)


def test_the_hash_follows_the_content(tmp_path: Path) -> None:
    lexicon = write(tmp_path / "lexicon.toml", '[[term]]\nid = "quux"\n')
    assert load_bundle(lexicon=lexicon).hash != load_bundle().hash


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[[term]\n", 1, "not valid TOML"),
        ('[[term]]\nid = "a1"\nambigous = true\n', 3, "Did you mean 'ambiguous'?"),
        ('[[terms]]\nid = "a1"\n', 1, "Did you mean 'term'?"),
        ('[[term]]\nid = "quux"\n\n[[term]]\nid = "plugh"\ntolerance = ["leat"]\n', 6, "Did you mean 'leet'?"),
        ('[[term]]\nid = "quux"\n[[term]]\nid = "quux"\n', 4, "there already"),
        ('[[term]]\nid = "(a+)+$"\n', 2, "looks like a regular expression"),
        ('[[term]]\nid = "quux"\nvariants = ["q.*x"]\n', 3, "looks like a regular expression"),
        ('[[term]]\nid = "x"\n', 2, "too short"),
        ('[[term]]\nid = "quux"\nambiguous = "yes"\n', 3, "not true or false"),
        ('[[term]]\nsource = "press"\n', 1, "lacks id"),
        ("[lexicon]\nname = 'x'\n", 1, "no [[term]]"),
    ],
)
def test_a_lexicon_with_a_mistake(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = write(tmp_path / "lexicon.toml", text)
    with pytest.raises(ConfigError) as caught:
        load_bundle(lexicon=path)
    assert caught.value.what.startswith(f"{path}:{line}:"), caught.value
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[[rule]]\nid = "a"\nkind = "handle-and-terms"\n', 3, "Did you mean 'handle-and-term'?"),
        ('[[rule]]\nid = "a"\nkind = "handle-and-term"\napps = ["kikk"]\n', 4, "Did you mean 'kik'?"),
        ('[[rule]]\nid = "a"\nkind = "house-rule"\n', 1, "names no community"),
        ('[[rule]]\nid = "a"\nkind = "handle-and-term"\nterm_fields = ["tag"]\n', 4, "Did you mean 'tags'?"),
        (
            '[[context]]\nid = "c"\nterms = ["map"]\n[context.words]\nen = "(a|a)*b"\n',
            5,
            "looks like a regular expression",
        ),
        ('[[context]]\nid = "c"\nterms = ["map"]\n[context.words]\nen = "a*"\n', 5, "matches almost everything"),
        ("[rules]\ndistanse = 5\n", 2, "Did you mean 'distance'?"),
    ],
)
def test_rules_with_a_mistake(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = write(tmp_path / "rules.toml", text)
    with pytest.raises(ConfigError) as caught:
        load_bundle(rules=path)
    assert caught.value.what.startswith(f"{path}:{line}:"), caught.value
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[app]]\nid = "x"\nshapes = ["nam"]\nnames = ["xyz"]\n', "Did you mean 'name'?"),
        ('[[app]]\nid = "x"\nshapes = ["name"]\n', "neither names nor links"),
        ('[[app]]\nid = "x"\nshapes = ["name"]\nnames = ["xyz"]\nchars = "a-z]|("\n', "not a class"),
        ('[[app]]\nid = "x"\nshapes = ["name"]\nnames = ["xyz"]\nmin = 9\nmax = 3\n', "make no sense"),
        ('[[app]]\nid = "x"\nshapes = ["name"]\nnames = ["xyz"]\nlinks = ["x.example/"]\n', "not a table"),
    ],
)
def test_apps_with_a_mistake(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path / "apps.toml", text)
    with pytest.raises(ConfigError) as caught:
        load_bundle(directory=tmp_path)
    assert "apps.toml:" in caught.value.what
    assert said in str(caught.value)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_bundle(lexicon=tmp_path / "missing.toml")
    with pytest.raises(ConfigError, match="not a folder"):
        load_bundle(directory=tmp_path / "missing")
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_bundle(lexicon=tmp_path / "latin.toml")


def test_operators_bring_their_own_terms_and_apps(tmp_path: Path) -> None:
    write(tmp_path / "lexicon.toml", '[[term]]\nid = "plugh"\nvariants = ["plover egg"]\n')
    write(
        tmp_path / "apps.toml",
        "[apps]\nextends = true\n\n"
        '[[app]]\nid = "fogbell"\nnames = ["fogbell"]\nshapes = ["name"]\n'
        'links = [{ start = "fogbell.example/", form = "name" }]\n',
    )
    screen = Screen(load_bundle(directory=tmp_path))
    for text, key in (
        ("plugh! fogbell: quibbern04", "fogbell:quibbern04"),
        ("p-l-u-g-h fogbell.example/quibbern04", "fogbell:quibbern04"),
        ("plover egg kik quibbern04", "kik:quibbern04"),
    ):
        screening = screen(Post(platform="forum", id="1", text=text))
        assert screening.hit, text
        assert [match.key for match in screening.handles] == [key]
        assert {match.term for match in screening.terms} == {"plugh"}
    assert not screen(Post(platform="forum", id="1", text="perv kik quibbern04")).hit


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.toml"
    shipped = Path(bundle.__file__).parent / "data" / "lexicon.toml"
    path.write_bytes(b"\xef\xbb\xbf" + shipped.read_bytes())
    assert load_bundle(lexicon=path).lexicon == load_bundle().lexicon
