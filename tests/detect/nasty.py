"""Posts made of nasty pieces, and what must hold of every verdict on them: shared by property tests and fuzzing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from monitor.detect.bundle import Bundle
from monitor.detect.screening import HandleMatch, Screening, TermMatch
from monitor.detect.spelling import Spelling, key, leet, one_edit
from monitor.post import Author, Post
from monitor.text.fold import fold

SESSION = "05" + "aabbccdd" * 8
WORDS = (
    "taboo", "perv", "teen", "nolimits", "no limits", "map", "aam", "wickr", "kik", "telegram", "snap",
    "session", "signal", "discord", "line", "zorblat_77", "quibdrem", "quib.drem04", "zorblat.42",
    "Zorblat#1234", "quux77",
)  # fmt: skip
PIECES = (
    *WORDS, "t.me/", "t.me/+", "kik.me/", "discord.gg/", "wa.me/", "matrix.to/#/@", "hxxps://t[.]me/",
    "https://", "tg://resolve?domain=", "kik: ", "wickr: ", "telegram @", "kik/snap: ", "W app ", "tele ",
    "same as my username", "add me ", "on kik", "(kik)", " or ", ", ", "and ", "телеграм", "テレグラム",
    "텔레그램", "تليجرام", "टेलीग्राम", "ไลน์", "电报", "🅺🅸🅺", "мар", "🇹🇦🇧🇴🇴", "👻", SESSION, SESSION[:40],
    " ".join(SESSION[at : at + 6] for at in range(0, 66, 6)), "0F" * 38, "0a1b", "+44 7700 900123",
    "+15550100", "10-1234-5678", "@zorblat:server.example", "zorblat@server.example", "oobat", "vrep", "rkciw",
    "77_talbroz", "n()limits", "p3r\\/", "kik", "4am", "t4b00", "p€rv", "t*boo", "m.a.p", "t a b o o", "no ", "not ",
    " dni",
    "police", "map of the trails", "\"", "'", "`", "**", "__", "#", "@", "@@", "*", "_", ".", "-", ":", "→",
    "=", "/", "\\", "(", ")", "[", "]", "\ud800", "\udfff", "\U000e0fff", "\U0003fffd", "\uffff", "\u0378",
    "\u202e", "\u202c", "\u2066", "\u200f", "\u200b", "\u200d", "\u2060", "\u00ad", "\ufeff", "\ufe0f",
    "\u0301", "\u0336\u0321", "\u20e3", "\u3099", "\0", "\x1e", "\x1f", "\x7f", "\x85", "\u2028", "\r\n", "\n",
    "\t", "\u3000", " ", "  ", "<b>", "</b>", "<p>", "<br/>", "<a href='t.me/zorblat_77'>",
    "<a href=\"https://kik.me/", "\">", "</a>", "<!--", "-->", "<", ">", "&", "&amp;", "&lt;", "&#97;",
    "&#x6b;", "&#x110000;", "&#0;", "&nbsp;", "&ouml;", "&zwj;", "&NotEqualTilde;", ";", "amp;", "🇺🇸", "🇺",
    "🇸🇰", "👨‍👩‍👧", "7️⃣", "①", "ﬁ", "ß", "İ", "ı", "ŉ", "ǅ", "K", "ﷺ", "㎏", "½", "\u1112", "\u1161",
    "\u11ab", "\u1100\u1161", "가", "ᄀ", "Ａ", "ａ", "𝐤𝐢𝐤", "ᴛᴀʙᴏᴏ", "таbоо", "ᎢᎪᏴOO", "ⓟⓔⓡⓥ", "█", "…",
    "[removed]",
)  # fmt: skip
GAPS = (
    " ", ".", "-", "_", "/", "🔥", "\u200b", "\u0336", "·", "*", "<b>", "&#8203;", "\u202e", " . ", "\n", "\ud800",
    "\0", "‹", "\u1112",
)  # fmt: skip
"""What obfuscated words have between their letters."""

_NO_LETTER = re.compile(r"[\W_]")
_ESCAPED = re.compile(r"(?i)%(?:2b|40|23|21|3a)")
_NUMBER = re.compile(r"\+[0-9]+\Z")
_LETTER = re.compile(r"[A-Za-z0-9]")
_SIGNS = str.maketrans("@$!|+(€£", "asiitcei")
_SPELLED = re.compile(r"(?i)\s?[(\[]?\s?(?:underscore|under[ -]score|dot)\s?[)\]]?\s?")


def disguised(word: str, gap: str, form: int) -> str:
    """A word in one of the forms that people give it."""
    forms = {
        1: word.upper,
        2: lambda: gap.join(word),
        3: lambda: "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isalnum() else char for char in word),
        4: lambda: "".join(f"&#{ord(char)};" for char in word),
        5: lambda: "".join(char + "\u0336\u0301" for char in word),
        6: lambda: word[::-1],
        7: lambda: word.replace("a", "4").replace("o", "0").replace("e", "3"),
        8: lambda: word.translate(str.maketrans("aoepcx", "аоерсх")),
        9: lambda: "".join(chr(0x1D4D0 + ord(char) - 65) if "A" <= char <= "Z" else char for char in word.upper()),
        10: lambda: "".join(chr(0x1F1E6 + ord(char) - 97) if "a" <= char <= "z" else char for char in word),
        11: lambda: word[:1] + word[1:2] * 4 + word[2:],
        12: lambda: f"#{word.title().replace(' ', '')}Chat",
    }
    return forms.get(form, lambda: word)()


def post_of(texts: Sequence[str]) -> Post:
    """A post whose fields are the given texts: text, title, tags, community and its description, account."""
    text, title, tag, community, description, handle, name, bio = [*texts, *[""] * 8][:8]
    return Post(
        platform="forum",
        id="1",
        text=text,
        title=title,
        tags=(tag, "tag", tag[::-1]),
        community=community,
        community_description=description,
        author=Author(handle=handle, name=name, bio=bio),
    )


def faults(bundle: Bundle, post: Post, screening: Screening) -> Iterator[str]:
    """What is wrong with a verdict; nothing where all holds.

    Every span lies inside its field, is not empty, and its slice, folded anew, is what was matched: for a handle its
    letters and digits; for a term the key of one of its spellings (within the tolerance that the steps name).
    """
    if not 0 <= screening.score <= 1 or screening.hit != (screening.rule is not None):
        yield f"score {screening.score}, hit {screening.hit}, rule {screening.rule}"
    fields = dict(post.fields())
    for match in (*screening.handles, *screening.terms):
        if not 0 <= match.start < match.end <= len(fields.get(match.field, "")):
            yield f"{match} lies outside its field"
            continue
        found = fields[match.field][match.start : match.end]
        fits = _handle_fits(match, found) if isinstance(match, HandleMatch) else _term_fits(bundle, match, found)
        if not fits:
            yield f"{match}: {found!r} does not read so"


def _readings(text: str, steps: Sequence[str]) -> Iterator[str]:
    """What a slice may read as, folded anew: all of it, or less where its first or last character became several."""
    # Two regional indicators alone are a flag, in a longer row letters.
    lead = "🇦🇦" if len(text) == 2 and min(text) >= "🇦" and max(text) <= "🇿" else ""
    folded = fold(lead + text)
    whole = len(lead), len(lead + text)
    size = len(folded.cased)
    starts = [at for at in range(size) if folded.span(at, at + 1)[0] == whole[0]]
    ends = [at + 1 for at in range(size) if folded.span(at, at + 1)[1] == whole[1]]
    step = -1 if "reversed" in steps else 1
    return (folded.cased[start:end][::step] for start in starts for end in ends if start < end)


def _letters(text: str) -> str:
    return "".join(_LETTER.findall(text)).lower()


def _handle_fits(match: HandleMatch, found: str) -> bool:
    """The slice's letters and digits are the handle's; `discord.gg/` and the like may stand outside the slice."""
    bare = match.handle.rpartition("/")[2]
    whole = {_letters(match.handle), _letters(bare)}
    for text in _readings(found, match.steps):
        read = _ESCAPED.sub("", text)
        if _letters(read) in whole or _letters(_SPELLED.sub("", read)) in whole:
            return True
        digits = re.sub(r"[^0-9]", "", read)
        if _NUMBER.match(match.handle) and len(digits) > 5 and match.handle[-6:] == digits[-6:]:
            return True  # "0044 (0)..." is "+44..."
    return False


def _term_fits(bundle: Bundle, match: TermMatch, found: str) -> bool:
    spellings = bundle.lexicon[match.term].spellings()
    return any(
        _reads_as(one, word, text.lower(), match.steps)
        for text in _readings(found, match.steps)
        for word in {_NO_LETTER.sub("", text.lower()), _NO_LETTER.sub("", text.lower().translate(_SIGNS))}
        for one in spellings
    )


def _reads_as(one: Spelling, word: str, read: str, steps: Sequence[str]) -> bool:
    if key(word) == key(one.flat):
        return True
    if "typo" in steps and word and one_edit(leet(word), leet(one.flat)):
        return True
    return "starred" in steps and re.fullmatch(re.sub(r"[*•]", ".", read), one.flat) is not None
