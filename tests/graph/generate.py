"""Labelled campaigns for development, the same every time for a seed: neutral carriers, invented handles.

    python tests/graph/generate.py [SEED [CAMPAIGNS]] > campaigns.ndjson

A line is a post record with one more field, which readers of records ignore:
"label": {"group": str, "campaign": str, "handles": [[app, handle], ...], "kind": str}; `kind` says what was done to the
campaign's text. All of it is synthetic: figures say how the graph does on these shapes.
"""

from __future__ import annotations

import json
import random
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TERMS = ("perv", "nolimits", "aam", "taboo")
SYLLABLES = (
    "zor blat quib bern vex mol dra fin gul pim tor wux yel nar kos blen dro fip gax hob jun krel lum".split()  # noqa: SIM905
)
APPS = ("wickr", "kik", "telegram", "snapchat", "discord")
PLATFORMS = ("reddit", "mastodon", "bluesky", "tumblr", "x", "forum")
EXTRA = (
    "replies come late at night", "only serious people please", "no time wasters", "be polite and say hello first",
    "my old page is gone", "tell me where you saw this", "ask about the green folder",
    "weekends are best for me", "start with the word lantern", "i answer everyone sooner or later",
    "write in english or spanish", "new here and a bit shy", "long time reader, first time writer",
    "swap lists with me", "only on desktop this week", "have plenty and looking for more", "verified people first",
    "send a number between one and ten", "slow typist so have patience", "up until midnight most days",
    "based near the coast", "quiet room, small circle", "group opens again on friday", "third page after two bans",
    "leave a comment when you have written", "ignore the other pages they are copies",
)  # fmt: skip
PLATE = (
    "The weather in the valley has been mild this week and the market opened an hour later than usual.",
    "Our newsletter comes out every second Tuesday with recipes, book reviews and a crossword.",
    "Please keep the kitchen tidy, rinse the cups and put the chairs back where they were.",
    "The train to the lake leaves at ten past nine and comes back before supper.",
    "Photographs of the flower show are on the notice board beside the main entrance.",
    "We are still looking for volunteers to paint the fence behind the old library.",
    "The choir meets on Thursdays; newcomers bring a pencil and a bottle of water.",
    "Lost: one grey umbrella with a wooden grip, last seen near the fountain.",
    "The bakery on the corner has changed its hours and closes at four on Mondays.",
    "Thanks to everybody who helped to carry the piano up to the second floor.",
)
OTHER = "really still maybe today always quickly somewhere happy little often usual gladly around simple kindly".split()  # noqa: SIM905
STOCK = (
    *"people write answer evening weekend circle quiet friendly honest patient waiting talking reading walking".split(),  # noqa: SIM905
    *"garden river window bridge copper silver purple yellow engine ladder pocket button winter summer autumn".split(),  # noqa: SIM905
)
EMOJI = "🔥 ✨ 🌸 💬 👀 ➡️ 🙂".split()  # noqa: SIM905
WARNINGS = (
    "Warning, beware of this account, report it: {}", "Do not add this one. They keep posting: {}",
    "exposing a predator, this is what they wrote: {}", "Moderators please remove this: {}",
)  # fmt: skip


@dataclass(frozen=True)
class Campaign:
    """`text` holds {app} and {h}; `words`: carrier words that edits may touch."""

    id: str
    text: str
    lang: str
    app_names: dict[str, str]
    sort: str


def handle(rng: random.Random) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.choice([2, 3])))[:12] + rng.choice(["", "77", "04", "_x1"])


def _common(lang: str, text: str) -> bool:
    """True for carriers that hold hardly a word of their own: everybody writes them."""
    words = text.split() if lang not in {"ja", "zh"} else text
    return sum(word[0].isalpha() for word in words) < 3


# ---- edits: of a text with {app} and {h}, before they are filled in ----

Edit = Callable[[str, random.Random], str]


def _plain_words(text: str) -> list[int]:
    words = text.split(" ")
    return [
        at
        for at, word in enumerate(words)
        if word.isalpha() and len(word) > 2 and word.lower() not in TERMS and word.isascii()
    ]


def _words_changed(text: str, rng: random.Random, count: int) -> str:
    words, places = text.split(" "), _plain_words(text)
    if len(places) < 4 * count:
        count = len(places) // 4
    for at in rng.sample(places, count):
        words[at] = rng.choice(OTHER)
    return " ".join(words)


def _typos(text: str, rng: random.Random) -> str:
    words, places = text.split(" "), [at for at in _plain_words(text) if len(text.split(" ")[at]) > 3]
    for at in rng.sample(places, min(3, len(places) // 2)):
        word, where = words[at], rng.randrange(1, len(words[at]) - 1)
        words[at] = rng.choice([
            word[:where] + word[where + 1 :],
            word[:where] + word[where] + word[where:],
            word[:where] + word[where + 1] + word[where] + word[where + 2 :],
            word[:where] + rng.choice("aeiounrst") + word[where + 1 :],
        ])  # fmt: skip
    return " ".join(words)


def _digits(text: str, rng: random.Random) -> str:
    return f"({rng.randrange(10, 999)}) {text}"


def _emoji(text: str, rng: random.Random) -> str:
    return f"{rng.choice(EMOJI)} {text} {rng.choice(EMOJI)}{rng.choice(EMOJI)}"


def _cased(text: str, rng: random.Random) -> str:
    change = rng.choice([str.upper, str.lower, str.capitalize])
    return "{h}".join("{app}".join(change(bit) for bit in part.split("{app}")) for part in text.split("{h}"))


def _spaced(text: str, rng: random.Random) -> str:
    return text.replace(", ", rng.choice([" , ", "\n", " - "])).replace(". ", rng.choice([".\n", "!! ", ".  "]))


def _plated(text: str, rng: random.Random) -> str:
    plates = rng.sample(PLATE, 6)
    at = rng.randrange(7)
    return "\n".join([*plates[:at], text, *plates[at:]])


def _inline(text: str, rng: random.Random) -> str:
    plates = rng.sample(PLATE, 4)
    at = rng.randrange(5)
    return " ".join([*plates[:at], f"{text}.", *plates[at:]])


EDITS: dict[str, Edit] = {
    "same": lambda text, rng: text,
    "digits": _digits,
    "two-words": lambda text, rng: _words_changed(text, rng, 2),
    "one-word": lambda text, rng: _words_changed(text, rng, 1),
    "typos": _typos,
    "emoji": _emoji,
    "case": _cased,
    "spacing": _spaced,
    "boilerplate": _plated,
    "inline": _inline,
    "tail": lambda text, rng: f"{text} #{rng.choice(OTHER)}",
}


def _fullwidth(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "fullwidth": _fullwidth,
    "zero-width": "\u200b".join,
    "cyrillic": lambda text: text.translate(str.maketrans("aeopcx", "аеорсх")),
}


class Maker:
    """Makes campaigns and their posts."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.hits: dict[str, Any] = tomllib.loads((HERE.parent / "corpus/hits.toml").read_text(encoding="utf-8"))
        self.count = 0
        self.accounts = 0
        self.taken: list[set[str]] = []

    def posts(self, campaigns: int) -> list[dict[str, Any]]:
        """Labelled records in a shuffled order."""
        made = [post for campaign in self._campaigns(campaigns) for post in self._posts(campaign)]
        self.rng.shuffle(made)
        return made

    def _campaigns(self, count: int) -> Iterator[Campaign]:
        rng = self.rng
        carriers = [
            (lang, text, "short") for lang, table in self.hits.items() for text in table["strong"] if "\n" not in text
        ]
        rng.shuffle(carriers)
        for number in range(count):
            sort = rng.choices(["short", "medium", "long", "tiny"], [5, 2, 2, 1] if carriers else [0, 1, 2, 1])[0]
            lang, text = "en", ""
            if sort == "short":
                lang, text, _ = carriers.pop()
                if _common(lang, text):
                    sort = "tiny"
            elif sort == "medium":
                # Look-alikes: one carrier for all, other sentences around it.
                text = rng.choice(["{t} people, {app} {h}", "anyone into {t}? {app}: {h}", "{t}, add me on {app} {h}"])
                extra = self._extra()
                at = rng.randrange(len(extra))
                text = ". ".join([*extra[:at], text, *extra[at:]])
            elif sort == "long":
                # Some forty to sixty words on one line, of which no two have a sentence in common.
                text = rng.choice(["my {app} is {h} and it is all about {t}", "for {t} things write to {h} on {app}"])
                text = " ".join([*rng.sample(STOCK, 2), text, *rng.sample(STOCK, 2)])
                extra = [self._sentence() for _ in range(rng.choice([4, 5, 6]))]
                at = rng.randrange(len(extra))
                text = ". ".join([*extra[:at], text, *extra[at:]])
            else:
                text = rng.choice(["{t} {app} {h}", "{t} chat {app} {h}", "{app} {h} {t} {u}", "{t} {u} {app}: {h}"])
            first, second = rng.sample(TERMS[:3], 1) + rng.sample(TERMS[3:], 1)
            text = text.replace("{t}", first).replace("{u}", second)
            own = self.hits[lang].get("apps", {})
            names = {app: rng.choice(own[app]) if app in own and rng.random() < 0.3 else app for app in APPS}
            yield Campaign(f"c{number}", text, lang, names, sort)

    def _extra(self) -> list[str]:
        """Sentences of which no other campaign has more than one."""
        while True:
            extra = self.rng.sample(EXTRA, self.rng.choice([2, 2, 3, 4]))
            if all(len(taken.intersection(extra)) < 2 for taken in self.taken):
                self.taken.append(set(extra))
                return extra

    def _sentence(self) -> str:
        return " ".join(self.rng.sample([*OTHER, *STOCK], self.rng.choice([6, 8, 10])))

    def _posts(self, campaign: Campaign) -> Iterator[dict[str, Any]]:
        rng = self.rng
        shares = [
            (rng.choice(APPS), handle(rng)) for _ in range(1 if campaign.sort == "tiny" else rng.choice([1, 1, 2, 3]))
        ]
        accounts = [self._account() for _ in range(rng.choice([1, 2, 4]))]
        for _ in range(rng.choice([1, 2, 4, 8, 12])):
            kind = rng.choice(list(EDITS) if campaign.sort != "tiny" else ["same", "emoji", "case"])
            if campaign.lang != "en" and kind in {"two-words", "one-word", "typos", "boilerplate", "inline"}:
                kind = "same"
            yield self._post(campaign, kind, rng.choice(shares), rng.choice(accounts))
        if campaign.sort != "tiny" and rng.random() < 0.15:
            warned = f"warned-{campaign.id}"
            text = rng.choice(WARNINGS).format(campaign.text)
            one = self._post(
                Campaign(warned, text, campaign.lang, campaign.app_names, "warning"), "same", shares[0], self._account()
            )
            yield {**one, "quotes": "post-1"}

    def _account(self) -> dict[str, str]:
        self.accounts += 1
        return {"id": f"u{self.accounts}", "handle": f"user_{self.rng.randrange(10**6):06d}"}

    def _post(self, campaign: Campaign, kind: str, share: tuple[str, str], account: dict[str, str]) -> dict[str, Any]:
        rng = self.rng
        self.count += 1
        app, written = share
        text = EDITS[kind](campaign.text, rng)
        shown = written
        if rng.random() < 0.15:
            disguise = rng.choice(list(DISGUISES))
            shown = DISGUISES[disguise](written)
        platform = rng.choice(PLATFORMS)
        fields: dict[str, Any] = {"text": text.replace("{app}", campaign.app_names[app]).replace("{h}", shown)}
        if platform == "reddit" and ". " in fields["text"] and rng.random() < 0.5:
            fields["title"], _, fields["text"] = fields["text"].partition(". ")
        return {
            "platform": platform,
            "id": f"g-{self.count:06d}",
            "created_at": f"2026-10-{rng.randrange(1, 29):02d}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:00Z",
            **fields,
            "author": account,
            "label": {
                "group": f"{campaign.id}/{app}:{written.lower()}",
                "campaign": campaign.id,
                "handles": [[app, written.lower()]],
                "kind": campaign.sort if campaign.sort in {"warning", "tiny"} else f"{campaign.sort} {kind}",
            },
        }


if __name__ == "__main__":
    seed, campaigns = (int(one) for one in (*sys.argv[1:], *("7", "300")[len(sys.argv) - 1 :]))
    for post in Maker(seed).posts(campaigns):
        sys.stdout.write(json.dumps(post, ensure_ascii=False) + "\n")
