from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.detect.bundle import load_bundle
from monitor.detect.screen import Screen
from monitor.detect.screening import Screening
from monitor.post import Author, Post
from monitor.records import RecordReader

SESSION = "05" + "aabbccdd" * 8
LENIENT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)


def post(text: str | None = None, **fields) -> Post:
    return Post(platform="forum", id="1", text=text, **fields)


def keys(screening: Screening) -> list[str]:
    return [match.key for match in screening.handles]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("taboo wickr: examplehandle01", ["wickr:examplehandle01"]),
        ("perv, kik me zorblat_77", ["kik:zorblat_77"]),
        ("perv zorblat_77 on wickr", ["wickr:zorblat_77"]),
        ("perv zorblat_77 (kik) quibbern04 (snap)", ["kik:zorblat_77", "snapchat:quibbern04"]),
        ("perv kik/snap: zorblat_77", ["kik:zorblat_77", "snapchat:zorblat_77"]),
        ("perv wickr\nzorblat_77", ["wickr:zorblat_77"]),
        ("perv telegram: @zorblat_77, backup @quibbern04", ["telegram:zorblat_77", "telegram:quibbern04"]),
        ("perv t.me/zorblat_77", ["telegram:zorblat_77"]),
        ("perv t.me/+AbCdEf123", ["telegram:+AbCdEf123"]),
        ("perv discord.gg/aBcDeF", ["discord:discord.gg/aBcDeF"]),
        ("perv discord Zorblat#1234", ["discord:zorblat#1234"]),
        (f"perv session {SESSION.upper()}", [f"session:{SESSION}"]),
        ("perv W app zorblat_77", ["wickr:zorblat_77"]),
        ("perv W app +44 7700 900123", ["whatsapp:+447700900123"]),
        ("perv signal zorblat.42", ["signal:zorblat.42"]),
        ("perv threema ABCD1234", ["threema:abcd1234"]),
        ("perv matrix @zorblat:server.example", ["matrix:@zorblat:server.example"]),
        ("perv jabber zorblat@server.example", ["xmpp:zorblat@server.example"]),
        ("perv zangi 10-1234-5678", ["zangi:1012345678"]),
        ("perv wickr z o r b l a t _ 7 7", ["wickr:zorblat_77"]),
        ("perv wickr: zorblat underscore 77", ["wickr:zorblat_77"]),
        ("77_talbroz rkciw vrep", ["wickr:zorblat_77"]),
        ("<p>perv <a href='https://t.me/zorblat_77'>chat</a></p>", ["telegram:zorblat_77"]),
        ("**perv** **wickr:** zorblat\\_77", ["wickr:zorblat_77"]),
        ("perv kik: *** zorblat_77 ***", ["kik:zorblat_77"]),
        ("perv kik: z***** or snap: zorblat_77", ["snapchat:zorblat_77"]),
        ("perv мой телеграм zorblat_77", ["telegram:zorblat_77"]),
        ("perv 텔레그램 아이디 zorblat_77", ["telegram:zorblat_77"]),
        ("perv テレグラムはzorblat_77です", ["telegram:zorblat_77"]),
        ("perv تليجرام zorblat_77", ["telegram:zorblat_77"]),
    ],
)
def test_shares_that_hit(screen: Screen, text: str, expected: list[str]) -> None:
    screening = screen(post(text))
    assert screening.hit, screening.parts
    assert keys(screening) == expected
    assert screening.rule == "handle-and-term"
    assert 0.5 <= screening.score <= 1


@pytest.mark.parametrize(
    "text",
    [
        "perv, ask me for my wickr",
        "perv wickr: ********",
        "it said: nolimits wickr: ***** i nikt nie reagowal",
        "o print dizia: perv, kik: z***** ja denunciei",
        "stand da: perv, kik: ####, hab's gemeldet",
        "perv kik: [removed]",
        "perv telegram: @username",
        "perv wickr is shutting down next month",
        "perv kik is full of bots",
        "perv insta: zorblat_77",
        "perv zorblat_77@example.org",
        "perv, whatsapp 07700 900123",
        "kik me at 4am: zorblat_77",
        "a map of the trails, telegram @zorblat_77",
        "no pervs, kik zorblat_77",
        "pervs and maps DNI. kik zorblat_77",
        'Police say "taboo" and "perv" stand beside wickr names. Newsroom: signal zorblat.42',
        "Rule 4: no kik handles, perv posts will be removed. Moderator: discord zorblat#1234",
        "Beware of zorblat_77 on kik, perv",
        "teen din se wait kar raha hu, telegram @zorblat_77",
        "thirteen supervised canteens, kik zorblat_77",
    ],
)
def test_posts_that_do_not_hit(screen: Screen, text: str) -> None:
    screening = screen(post(text))
    assert not screening.hit, screening.parts
    assert screening.rule is None
    assert screening.score < 0.5


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        (
            "«nolimits» ou «perv», un inconnu a mis ça avec son wickr chez presque tout le monde. Signal: zorblat.31",
            False,
        ),
        ("Kto zobaczy „aam” albo „nolimits” obok nicka, niech do nas napisze o tym. Signal: zorblat.31", False),
        ("“nolimits” “perv” signal: zorblat.31", True),
        ("anyone here into “nolimits” or “perv” things, hmu or add me on signal: zorblat.31", True),
    ],
)
def test_terms_that_all_stand_in_quotation_marks_are_mentioned_unless_somebody_is_invited(
    screen: Screen, text: str, hit: bool
) -> None:
    assert screen(Post(platform="x", id="1", text=text)).hit is hit


def test_the_span_covers_the_identifier_alone(screen: Screen) -> None:
    text = "pеrv &#119;ickr → @zorb\u200blat_77!"
    [handle] = screen(post(text)).handles
    assert text[handle.start : handle.end] == "zorb\u200blat_77"
    [term] = screen(post(text)).terms
    assert text[term.start : term.end] == "pеrv"
    assert "lookalike" in term.steps


def test_every_field_is_screened(screen: Screen) -> None:
    share, term = "kik: zorblat_77", "perv nolimits"
    for fields in (
        {"title": term, "text": share},
        {"text": share, "tags": ("a", "perv")},
        {"text": term, "author": Author(bio=share)},
        {"text": share, "author": Author(bio=term)},
        {"text": term, "author": Author(name=share)},
        {"text": share, "community": "nolimits"},
        {"text": share, "community_description": term},
    ):
        screening = screen(Post(platform="forum", id="1", **fields))
        assert screening.hit, fields
        assert keys(screening) == ["kik:zorblat_77"]
    tags = Post(platform="forum", id="1", text="hi", tags=("wickr", "zorblat_77", "perv"))
    assert [(m.field, m.start, m.end) for m in screen(tags).handles] == [("tags[1]", 0, 10)]


@pytest.mark.parametrize(
    ("word", "handle"),
    [("zor14drat", True), ("lun4plo", True), ("tash4mok", True), ("M4A", False), ("24m4f", False), ("here4fun", False)],
)
def test_who_is_looked_for_is_no_handle_and_a_handle_with_a_four_in_it_is(
    screen: Screen, word: str, handle: bool
) -> None:
    assert screen(Post(platform="x", id="1", text=f"taboo trade, wickr {word} hmu")).hit is handle


def test_the_authors_own_handle(screen: Screen) -> None:
    screening = screen(post("perv, kik same as my username", author=Author(handle="zorblat_77")))
    [handle] = screening.handles
    assert (handle.key, handle.field, handle.start, handle.end) == ("kik:zorblat_77", "author.handle", 0, 10)
    assert not screen(post("perv, kik same as my username")).handles


@pytest.mark.parametrize(
    ("community", "hit"),
    [
        ("WickrTaboo", True),
        ("taboo_kik", True),
        ("kikpervs", True),
        ("SnapMap", False),
        ("SessionTaboo", False),
        ("Taboo", False),
        ("kik", False),
    ],
)
def test_community_names(screen: Screen, community: str, hit: bool) -> None:
    screening = screen(post("hello everybody", community=community))
    assert screening.hit is hit
    assert screening.rule == ("community-name" if hit else None)
    assert not screening.handles


def test_account_names_alone_are_no_hit(screen: Screen) -> None:
    assert not screen(post("hello everybody", author=Author(handle="wickr_taboo", name="kik perv"))).hit


def test_a_house_rule_counts_a_handle_alone_in_its_community_only(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nid = "no-handles-here"\nkind = "house-rule"\ncommunities = ["gardens"]\napps = ["kik"]\n'
    )
    screen = Screen(load_bundle(rules=rules))
    assert screen(post("my kik is zorblat_77", community="r/Gardens")).rule == "no-handles-here"
    assert not screen(post("my kik is zorblat_77", community="kitchens")).hit
    assert not screen(post("wickr: zorblat_77", community="gardens")).hit


def test_parts_add_up_to_the_score(screen: Screen) -> None:
    for text in ("taboo wickr: examplehandle01", "perv taboo map teen kik zorblat_77", "kik zorblat_77", "perv"):
        screening = screen(post(text))
        assert abs(sum(part.weight for part in screening.parts) - screening.score) < 0.001


def test_far_apart_is_no_hit(screen: Screen) -> None:
    filler = "We walked along the canal and counted herons. " * 60
    assert not screen(post(f"kik zorblat_77. {filler} perv")).hit


pieces = st.sampled_from(
    [
        "taboo",
        "perv",
        "wickr",
        "kik",
        "t.me/",
        "zorblat_77",
        ":",
        " ",
        "\n",
        "@",
        "<b>",
        "&amp;",
        "\u202e",
        "\u200b",
        "\ud800",
        "\0",
        "т",
        "가",
        "テレグラム",
        "05" + "ab" * 32,
        "+44 7700 900123",
        "same as my username",
        "#",
        "*",
        "rkciw",
        "no ",
        ".",
    ]
)
texts = st.lists(pieces | st.text(max_size=4), max_size=14).map("".join)


@LENIENT
@given(text=texts, title=texts, name=texts, tags=st.lists(texts, max_size=3))
def test_nothing_raises_and_every_span_slices(
    screen: Screen, text: str, title: str, name: str, tags: list[str]
) -> None:
    one = post(text, title=title, tags=tuple(tags), author=Author(handle="zorblat_77", name=name))
    screening = screen(one)
    fields = dict(one.fields())
    for match in (*screening.handles, *screening.terms):
        assert 0 <= match.start < match.end <= len(fields[match.field])
    assert 0 <= screening.score <= 1
    assert screening == screen(one)


@pytest.mark.parametrize(
    "piece",
    [
        "a ",
        "taboo ",
        "wickr: z_123 ",
        "t a b o o ",
        "taboo perv wickr: zorblat_77 map ",
        "1234567 ",
        "t.me/zorblat ",
        "@a:b.c ",
        "oobat rkciw zorblat ",
        "テレグラム",
        "телеграм пиши ",
        "kik same as my username ",
        "t*boo ",
        "#taboowickr",
        "kik/snap/",
        "no taboo ",
        "police newsroom taboo wickr zorblat_77 ",
        "05",
        "w\u200bi\u200bckr ",
        "<a href='t.me/zorblat_77'>x</a>",
    ],
)
def test_long_repetitions_end(screen: Screen, piece: str) -> None:
    screen(post(piece * (100_000 // len(piece)), author=Author(handle="zorblat_77")))


def test_ten_thousand_tags(screen: Screen) -> None:
    screening = screen(post("kik zorblat_77", tags=(*(f"tag{number}" for number in range(10_000)), "perv")))
    assert screening.hit
    assert [match.field for match in screening.terms] == ["tags[10000]"]


@pytest.mark.realdata
@pytest.mark.timeout(900)
def test_real_posts_raise_no_false_alarm(screen: Screen) -> None:
    hits = [
        str(item.post.ref)
        for item in RecordReader(Path(os.environ["HANDLEWATCH_REAL_POSTS"]))
        if not hasattr(item, "why") and screen(item.post).hit
    ]
    assert len(hits) <= 1, hits


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("<b>xn()limits<b><b>", "taboo&amp;wickr: zorblat77"),
        (" ()x&amp;", "wickr: zorblat77<b>perv"),
        ("&amp;n()limits", "p3r\\/"),
    ],
)
def test_letters_drawn_with_signs_lead_back_into_their_own_field(title: str, text: str) -> None:
    post = Post(platform="examplenet", id="1", title=title, text=text)
    for match in Screen(load_bundle())(post).terms:
        field = title if match.field == "title" else text
        assert 0 <= match.start < match.end <= len(field)


def test_a_verdict_does_not_depend_on_the_seed_of_hashes() -> None:
    """Words of scripts without spaces are taken apart in one order, whatever order sets have in a process."""
    text = "交換しませんか aam taboo キック: morzipan"
    code = (
        "import sys; from monitor.detect.bundle import load_bundle; from monitor.detect.screen import Screen; "
        "from monitor.post import Post; "
        "print(Screen(load_bundle())(Post(platform='x', id='1', text=sys.argv[1])).score)"
    )
    scores = {
        subprocess.run(
            [sys.executable, "-c", code, text],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2", "3")
    }
    assert len(scores) == 1
