"""Builds the labelled development corpus from hits.toml and nohits.toml, the same bytes every time.

    python tests/corpus/generate.py > tests/corpus/posts.ndjson

A line is a post record with one more field, which readers of records ignore:
"label": {"hit": bool, "category": str, "handles": [[app, handle], ...], "terms": [id, ...]}.
Handles are invented nonsense, phone numbers from ranges reserved for fiction, wording is neutral. All of it is
synthetic: figures measured on it say how the screen does on these shapes, not how common they are.

Beside it lie nine files that nothing generates: handwritten.ndjson, hard cases one by one, and blind.ndjson,
blind2.ndjson and blind4.ndjson to blind9.ndjson, written by people who had not seen the screen. They were used to find
mistakes from then on, so they are blind no longer: figures on them say that nothing has become worse, not how new
posts fare.
"""

from __future__ import annotations

import json
import random
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STRONG = ("perv", "nolimits", "aam")
AMBIGUOUS = ("taboo", "teen", "map")
SYLLABLES = (
    "zor blat quib bern vex mol dra fin gul pim tor wux yel nar kos blen dro fip gax hob jun krel lum".split()  # noqa: SIM905
)
NAMES = {
    "wickr": ["wickr", "Wickr", "wickr me", "wkr"],
    "kik": ["kik", "Kik", "KIK"],
    "telegram": ["telegram", "Telegram", "tele", "tg", "telegrm"],
    "snapchat": ["snapchat", "snap", "Snap", "sc"],
    "discord": ["discord", "Discord", "dc"],
    "wire": ["wire"],
    "line": ["LINE", "line"],
    "signal": ["signal", "Signal"],
    "session": ["session", "Session id", "sess"],
    "whatsapp": ["whatsapp", "WhatsApp", "wa"],
    "viber": ["viber"],
    "threema": ["threema", "Threema"],
    "matrix": ["matrix", "Element"],
    "zangi": ["zangi"],
    "teleguard": ["teleguard"],
    "tox": ["tox", "tox id"],
    "xmpp": ["xmpp", "jabber"],
}
NAMED = ("wickr", "kik", "telegram", "snapchat", "discord")
LINKS = {
    "telegram": ["https://t.me/{}", "t.me/{}", "telegram.me/{}", "tg://resolve?domain={}", "https://t.me/s/{}"],
    "kik": ["https://kik.me/{}", "kik.me/{}"],
    "snapchat": ["https://www.snapchat.com/add/{}", "snapchat.com/add/{}"],
    "line": ["https://line.me/ti/p/~{}"],
    "matrix": ["https://matrix.to/#/{}"],
    "whatsapp": ["https://wa.me/{}", "https://api.whatsapp.com/send?phone={}"],
    "threema": ["https://threema.id/{}"],
    "xmpp": ["xmpp:{}"],
}


def name(rng: random.Random) -> str:
    """An invented handle that every app with names takes."""
    base = "".join(rng.choice(SYLLABLES) for _ in range(rng.choice([2, 2, 3])))[:11]
    return base + rng.choice(["", "_77", "04", "_x1", "99", "7", "88"])


def phone(rng: random.Random) -> tuple[str, str]:
    """A number reserved for fiction, as written, and in E.164."""
    if rng.random() < 0.5:
        tail = f"{rng.randrange(100):02d}"
        return rng.choice([f"+1 202 555 01{tail}", f"+1 (202) 555-01{tail}", f"+120255501{tail}"]), f"+120255501{tail}"
    tail = f"{rng.randrange(1000):03d}"
    return rng.choice([f"+44 7700 900{tail}", f"+447700900{tail}", f"0044 7700 900{tail}"]), f"+447700900{tail}"


def tox(rng: random.Random) -> str:
    """A Tox id whose checksum holds."""
    body = rng.randbytes(36)
    even = odd = 0
    for first, second in zip(body[0::2], body[1::2], strict=True):
        even, odd = even ^ first, odd ^ second
    return (body + bytes((even, odd))).hex().upper()


def identity(rng: random.Random, app: str) -> tuple[str, str]:
    """(as written, canonical) of an app's handle."""
    match app:
        case "session":
            made = "05" + rng.randbytes(32).hex()
        case "tox":
            made = tox(rng)
        case "threema":
            made = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ2345678") for _ in range(7)) + rng.choice("23456789")
        case "teleguard":
            made = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ2345678") for _ in range(8)) + rng.choice("23456789")
        case "signal":
            made = f"{rng.choice(SYLLABLES)}{rng.choice(SYLLABLES)}.{rng.randrange(10, 99)}"
        case "matrix":
            made = f"@{rng.choice(SYLLABLES)}{rng.choice(SYLLABLES)}:server.example"
        case "xmpp":
            made = f"{rng.choice(SYLLABLES)}{rng.choice(SYLLABLES)}@server.example"
        case "zangi":
            made = f"10{rng.randrange(10**8):08d}"
            return rng.choice([made, f"{made[:2]}-{made[2:6]}-{made[6:]}", f"{made[:2]} {made[2:6]} {made[6:]}"]), made
        case "whatsapp" | "viber":
            return phone(rng)
        case _:
            made = name(rng)
    return made, made


# ---- obfuscations: text -> text, readable as the same ----


def _shift(upper: int, lower: int, digit: int | None = None) -> Callable[[str, random.Random], str]:
    def apply(text: str, rng: random.Random) -> str:
        return "".join(
            chr(upper + ord(c) - 65)
            if "A" <= c <= "Z"
            else chr(lower + ord(c) - 97)
            if "a" <= c <= "z"
            else chr(digit + ord(c) - 48)
            if digit and c.isdigit()
            else c
            for c in text
        )

    return apply


CYRILLIC = dict(zip("aceiopxyskmtb", "асеіорхуѕкмтв", strict=True))
GREEK = dict(zip("aeikopvtunx", "αεικορντυηχ", strict=True))
LEET = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"}
SMALL = dict(zip("abcdefghijklmnoprstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", strict=True))
SUPER = dict(zip("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", strict=True))


def _swap(table: dict[str, str], share: float) -> Callable[[str, random.Random], str]:
    def apply(text: str, rng: random.Random) -> str:
        changed = "".join(table[c] if c in table and rng.random() < share else c for c in text)
        if changed == text:
            at = next((i for i, c in enumerate(text) if c in table), None)
            changed = text if at is None else text[:at] + table[text[at]] + text[at + 1 :]
        return changed

    return apply


def _between(*signs: str) -> Callable[[str, random.Random], str]:
    return lambda text, rng: rng.choice(signs).join(text)


def _stretch(text: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(text))
    return text[:at] + text[at] * rng.choice([2, 3, 5]) + text[at:]


def _marks(text: str, rng: random.Random) -> str:
    return "".join(c + rng.choice("\u0336\u0301\u0323\u0335") for c in text)


def _entities(text: str, rng: random.Random) -> str:
    return "".join(f"&#{ord(c)};" if rng.random() < 0.5 else f"&#x{ord(c):x};" for c in text)


def _case(text: str, rng: random.Random) -> str:
    return "".join(c.upper() if rng.random() < 0.5 else c for c in text)


WORDS: dict[str, Callable[[str, random.Random], str]] = {
    "case": _case,
    "fullwidth": _shift(0xFF21, 0xFF41, 0xFF10),
    "math-bold": _shift(0x1D400, 0x1D41A, 0x1D7CE),
    "math-script": _shift(0x1D4D0, 0x1D4EA),
    "math-mono": _shift(0x1D670, 0x1D68A, 0x1D7F6),
    "circled": _shift(0x24B6, 0x24D0),
    "squared": lambda text, rng: _shift(0x1F130, 0x1F130)(text.lower(), rng),
    "neg-squared": lambda text, rng: _shift(0x1F170, 0x1F170)(text.lower(), rng),
    "regional": lambda text, rng: "\u200b".join(_shift(0x1F1E6, 0x1F1E6)(text.lower(), rng)),
    "small-capitals": _swap(SMALL, 1.0),
    "superscript": _swap(SUPER, 1.0),
    "cyrillic": _swap(CYRILLIC, 0.7),
    "greek": _swap(GREEK, 0.5),
    "marks": _marks,
    "zero-width": _between("\u200b", "\u200c", "\u2060", "\ufeff"),
    "soft-hyphen": _between("\u00ad"),
    "bidi": _between("\u200e", "\u202c"),
    "entities": _entities,
    "html-split": lambda text, rng: f"{text[:2]}<b></b>{text[2:]}",
    "accents": _swap(dict(zip("aeiounc", "äéïòüñç", strict=True)), 0.7),
}
TERMS_ONLY: dict[str, Callable[[str, random.Random], str]] = {
    "leet": _swap(LEET, 0.6),
    "spaced": _between(" "),
    "dotted": _between("."),
    "dashed": _between("-", " - "),
    "slashed": _between("/", "|", "*"),
    "underscored": _between("_"),
    "emoji-between": _between("🔥", "✨", " 🌸 ", "➖"),
    "stretched": _stretch,
}
BACKWARDS = {
    "reversed-words": lambda text: text[::-1],
    "reversed-override": lambda text: "\u202e" + text[::-1] + "\u202c",
}


class Maker:
    """Makes labelled posts from carriers."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.count = 0
        self.hits: dict[str, Any] = tomllib.loads((HERE / "hits.toml").read_text(encoding="utf-8"))
        self.nohits: dict[str, list[str]] = tomllib.loads((HERE / "nohits.toml").read_text(encoding="utf-8"))

    def post(
        self, hit: bool, category: str, handles: list[list[str]], terms: list[str], **fields: Any
    ) -> dict[str, Any]:
        """One labelled record."""
        self.count += 1
        platform = self.rng.choice(["reddit", "mastodon", "bluesky", "tumblr", "x", "forum"])
        fields.setdefault("author", {"id": f"u{self.count}", "handle": f"user_{self.rng.randrange(10**6):06d}"})
        label = {"hit": hit, "category": category, "handles": handles, "terms": sorted(set(terms))}
        return {"platform": platform, "id": f"dev-{self.count:05d}", **fields, "label": label}

    def terms(self, *, bare: bool = False) -> tuple[str, str]:
        """Two terms that together are no everyday words; for a bare list, the first may be ambiguous."""
        first = self.rng.choice(STRONG if not bare or self.rng.random() < 0.3 else AMBIGUOUS)
        return first, self.rng.choice([term for term in (*STRONG, *AMBIGUOUS) if term != first])

    def app(self, language: str, among: tuple[str, ...] = NAMED) -> tuple[str, str]:
        """(app, its name as written in that language)."""
        own = self.hits[language].get("apps", {})
        app = (
            self.rng.choice([one for one in among if one in own] or list(among))
            if self.rng.random() < 0.6
            else self.rng.choice(among)
        )
        return app, self.rng.choice(own[app] if app in own and self.rng.random() < 0.7 else NAMES[app])

    def carriers(self) -> Iterator[dict[str, Any]]:
        """Every carrier in every language, a few times."""
        for language, table in self.hits.items():
            for kind in ("strong", "bare"):
                for carrier in table[kind]:
                    for _ in range(2):
                        first, second = self.terms(bare=kind == "bare")
                        app, shown = self.app(language)
                        handle = name(self.rng)
                        text = carrier.format(app=shown, h=handle, t=first, u=second)
                        used = [first] + ([second] if "{u}" in carrier else [])
                        yield self.post(True, f"carrier-{language}", [[app, handle]], used, text=text, lang=language)

    def obfuscated(self) -> Iterator[dict[str, Any]]:
        """English and Spanish carriers in every disguise, of term, app or handle."""
        for disguise, change in {**WORDS, **TERMS_ONLY}.items():
            for turn in range(14):
                language = self.rng.choice(["en", "en", "es", "de", "pt"])
                carrier = self.rng.choice(self.hits[language]["strong"])
                first, second = self.terms()
                if disguise == "leet" and first == "aam":
                    first = "perv"  # 4am is a time of day
                app = self.rng.choice(("wickr", "telegram", "snapchat", "discord", "kik"))
                handle = name(self.rng)
                shown = {"t": first, "u": second, "app": app, "h": handle}
                parts = ["t", "app", "h"] if disguise in WORDS else ["t", "app"]
                chosen = parts[: turn % len(parts) + 1] if turn % 2 else [parts[turn % len(parts)]]
                if (
                    disguise in {"case", "spaced", "dotted", "squared", "neg-squared", "regional", "marks"}
                    and turn % 3 == 0
                ):
                    chosen = ["t"]
                for part in chosen:
                    if part == "h" and disguise in {"accents", "html-split"}:
                        continue
                    shown[part] = change(shown[part], self.rng)
                canonical = handle
                if shown["h"] != handle and disguise == "case":
                    canonical = shown["h"]
                used = [first] + ([second] if "{u}" in carrier else [])
                yield self.post(True, f"disguise-{disguise}", [[app, canonical]], used, text=carrier.format(**shown))
        for disguise, change in BACKWARDS.items():
            for _ in range(8):
                first, second = self.rng.choice(STRONG[:2]), "taboo"
                app = self.rng.choice(("wickr", "telegram", "snapchat"))
                handle = name(self.rng)
                text = change(f"{first} {second} {app} {handle}")
                yield self.post(True, f"disguise-{disguise}", [[app, handle]], [first, second], text=text)

    def ways(self) -> Iterator[dict[str, Any]]:
        """Every way of sharing: links, ids, several at once, other fields."""
        rng = self.rng
        for app, names in NAMES.items():
            for _ in range(6):
                first, second = self.terms()
                written, canonical = identity(rng, app)
                shown = rng.choice(names)
                sign = rng.choice([": ", " - ", " → ", " = ", ": @"]) if app in NAMED else ": "
                text = rng.choice([f"{first} {shown}{sign}{written}", f"{shown}{sign}{written}\n{first} {second}"])
                yield self.post(
                    True, f"app-{app}", [[app, canonical]], [t for t in (first, second) if t in text.split()], text=text
                )
        for app, forms in LINKS.items():
            for form in forms:
                first, second = self.terms()
                written, canonical = identity(rng, app)
                link = form.format(canonical.lstrip("+") if app == "whatsapp" else written)
                text = rng.choice(
                    [
                        f"{first} {second} {link}",
                        f'{first} chat <a href="{link}">here</a>',
                        f"[{first}]({link}) {second}",
                    ]
                )
                yield self.post(True, "links", [[app, canonical]], [t for t in (first, second) if t in text], text=text)
        yield from self._invites()
        yield from self._several()
        yield from self._fields()

    def _invites(self) -> Iterator[dict[str, Any]]:
        for form, app, written in (
            ("t.me/+{}", "telegram", "+{}"),
            ("https://t.me/joinchat/{}", "telegram", "+{}"),
            ("discord.gg/{}", "discord", "discord.gg/{}"),
            ("https://discord.com/invite/{}", "discord", "discord.gg/{}"),
        ):
            for _ in range(3):
                code = "".join(self.rng.choice("abcdefghkmnpqrstuvwxyzABCDEFGH2345") for _ in range(10))
                first, second = self.terms()
                text = f"{first} {second} group {form.format(code)}"
                yield self.post(True, "invites", [[app, written.format(code)]], [first, second], text=text)

    def _several(self) -> Iterator[dict[str, Any]]:
        rng = self.rng
        for _ in range(12):
            first, second = self.terms()
            one, two, three = name(rng), name(rng), name(rng)
            a, b = rng.sample(NAMED, 2)
            shape = rng.randrange(6)
            text, handles = {
                0: (f"{a}: {one}, {b}: {two}. {first} {second}", [[a, one], [b, two]]),
                1: (f"{a}/{b}: {one} {first}", [[a, one], [b, one]]),
                2: (f"{first} {one} ({a}) {two} ({b})", [[a, one], [b, two]]),
                3: (f"{first}: {one} on {a} or {two} on {b}", [[a, one], [b, two]]),
                4: (f"{a} {one} or {two}, {b} {three}. {first}", [[a, one], [a, two], [b, three]]),
                5: (f"{first}\n{a}: {one}\n{b}: {two}\n", [[a, one], [b, two]]),
            }[shape]
            yield self.post(
                True,
                "several",
                handles,
                [t for t in (first, second) if t in text.split() or f"{t}:" in text],
                text=text,
            )

    def _fields(self) -> Iterator[dict[str, Any]]:
        rng = self.rng
        phrases = (
            "same as my username",
            "same name as here",
            "same @",
            "mismo usuario",
            "gleicher Name",
            "même pseudo",
            "такой же ник",
            "同じ名前",
            "same",
            "= my username",
            "is my handle",
            "under this exact name",
            "username is the same as here",
            "igual que mi usuario",
            "é o mesmo do meu nome de usuário",
            "c'est le même que mon pseudo",
            "ist gleich wie mein Benutzername",
            "è uguale al mio nome utente",
            "такой же как ник тут",
            "такий самий як мій нік",
            "kullanıcı adım buradaki ile aynı",
            "sama kayak username",
            "はユーザー名と同じです",
            "아이디는 닉네임이랑 똑같아요",
            "跟用户名一样",
        )
        for phrase in phrases:
            first, second = self.terms()
            app, own = rng.choice(("kik", "telegram", "snapchat")), name(rng)[:14].replace(".", "")
            yield self.post(
                True,
                "same-name",
                [[app, own]],
                [first, second],
                text=f"{first} {second}, {app} {phrase}",
                author={"id": f"u{own}", "handle": own},
            )
        for _ in range(8):
            first, second = self.terms()
            app, handle = rng.choice(NAMED), name(rng)
            share = f"{app}: {handle}"
            author = {"id": "u1", "handle": "user_000001"}
            yield self.post(
                True,
                "bio-handle",
                [[app, handle]],
                [first, second],
                text=f"{first} {second} anyone",
                author={**author, "bio": share},
            )
            yield self.post(
                True,
                "bio-term",
                [[app, handle]],
                [first, second],
                text=f"add me {share}",
                author={**author, "bio": f"{first} {second}"},
            )
            yield self.post(True, "title", [[app, handle]], [first], title=f"{first} chat", text=share)
            yield self.post(True, "tags", [[app, handle]], [first, second], text=share, tags=[first, second, "chat"])
            yield self.post(
                True,
                "display-name",
                [[app, handle]],
                [first, second],
                text=f"{first} {second}",
                author={**author, "name": share},
            )
            glued = f"#{first.title()}{second.title()}Chat"
            yield self.post(True, "glued-tags", [[app, handle]], [first, second], text=f"{glued} {share}")
            html = f"<p>{first} {second}</p><p><strong>{app}</strong>: <em>{handle}</em></p>"
            yield self.post(True, "html", [[app, handle]], [first, second], text=html)
            escaped = handle.replace("_", "\\_")
            yield self.post(
                True,
                "markdown",
                [[app, handle]],
                [first, second],
                text=f"**{first}** *{second}*\n\n**{app}:** {escaped}",
            )
            spread = rng.choice([" ", ".", "-", "·"]).join(handle.replace(".", "").replace("_", ""))
            yield self.post(
                True,
                "spaced-handle",
                [[app, handle.replace(".", "").replace("_", "")]],
                [first, second],
                text=f"{first} {second} {app}: {spread}",
            )
            community = rng.choice(
                [f"{app.title()}{first.title()}", f"{first}_{app}", f"{app}-{first}-chat", f"{first}{app}"]
            )
            yield self.post(True, "community-name", [], [first], community=community, text="hello everybody, new here")

    def innocent(self) -> Iterator[dict[str, Any]]:
        """No hits: every line of nohits.toml, some twice with other fields."""
        for category, lines in self.nohits.items():
            for line in lines:
                for turn in range(2):
                    text = line.replace("{h}", name(self.rng).replace(".", "")).replace("{p}", phone(self.rng)[0])
                    fields: dict[str, Any] = {"text": text}
                    if turn and ". " in text:
                        title, _, rest = text.partition(". ")
                        fields = {"title": title, "text": rest}
                    yield self.post(False, category, [], [], **fields)

    def long(self) -> Iterator[dict[str, Any]]:
        """Long prose in which a handle and an ambiguous term stand far apart; and a hit inside long prose."""
        filler = "We walked along the old canal and counted herons while the kettle boiled on the small stove. "
        for _ in range(8):
            handle = name(self.rng).replace(".", "")
            yield self.post(
                False,
                "far-apart",
                [],
                [],
                text=f"On telegram I am {handle}. {filler * 60} It was never a taboo to be late.",
            )
            first, second = self.terms()
            text = f"{filler * 20} {first} {second} kik: {handle} {filler * 20}"
            yield self.post(True, "in-long-text", [["kik", handle]], [first, second], text=text)


def corpus(seed: int = 20261124) -> Iterator[dict[str, Any]]:
    """All labelled posts, in a fixed order."""
    maker = Maker(seed)
    for part in (maker.carriers, maker.obfuscated, maker.ways, maker.innocent, maker.long):
        yield from part()


if __name__ == "__main__":
    for record in corpus():
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
