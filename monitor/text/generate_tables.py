# ruff: noqa: E501 - look-alikes are wide characters; their lines are short
"""Writes `monitor/text/tables.py` from Unicode's data. Run by a developer, never at run time.

    python -m monitor.text.generate_tables CONFUSABLES_JSON > monitor/text/tables.py

Sources: Python's `unicodedata` (its version is written into the table), the look-alikes of Unicode's
confusables.txt as `confusable_homoglyphs` 3.3.1 ships them (`confusables.json` in its wheel), and the hand-made
lists below for what people use although Unicode does not call it confusable (Я for R, в for b).

The tables are by folding step, so that an explanation can name the step: for each step, what a character
becomes. Applying them twice changes nothing more: every output consists of characters that stay.
"""

from __future__ import annotations

import json
import string
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ASCII: Final = set(string.ascii_letters + string.digits)

SCRIPTS: Final = {
    "LATIN", "GREEK", "COPTIC", "CYRILLIC", "ARMENIAN", "CHEROKEE", "CANADIAN", "LISU", "LYCIAN", "CARIAN", "OLD",
    "DESERET", "OSAGE", "ELBASAN", "WARANG", "MIAO", "MATHEMATICAL", "TIFINAGH", "RUNIC", "ESTIMATED", "DOUBLE-STRUCK",
    "DIVIDES", "LOGICAL", "UNION", "N-ARY", "APL", "POWER", "BOX", "LARGE", "RISING", "FALLING", "VECTOR", "ALCHEMICAL",
}  # fmt: skip
"""First words of the names of characters that imitate Latin. Scripts with a life of their own beside Latin text
(Arabic, Indic, Kana ...) are not folded into it."""

LOOKALIKES: Final = {
    # Cyrillic
    "в": "b", "к": "k", "м": "m", "н": "h", "т": "t", "п": "n", "и": "n", "И": "N", "П": "N", "ь": "b", "ъ": "b", "б": "b",
    "Я": "R", "я": "r", "г": "r", "Г": "R", "л": "n", "д": "d", "Д": "A", "э": "e", "Э": "E", "є": "e", "Є": "E", "ш": "w",
    "щ": "w", "Ш": "W", "Щ": "W", "ц": "u", "Ц": "U", "ч": "4", "Ч": "4", "ф": "o", "Ф": "O", "з": "3", "З": "3", "І": "I",
    "Ӏ": "L", "ғ": "f", "Ғ": "F", "қ": "k", "Қ": "K", "ң": "h", "Ң": "H", "ҳ": "x", "Ҳ": "X", "ө": "o", "Ө": "O", "ә": "e", "ӏ": "l",
    "Ә": "E", "ұ": "y", "Ұ": "Y", "Һ": "H", "ы": "bl", "ђ": "h", "ћ": "h", "ќ": "k", "Ԁ": "D",
    # Greek
    "ε": "e", "η": "n", "κ": "k", "μ": "u", "µ": "u", "τ": "t", "ω": "w", "π": "n", "β": "b", "δ": "d", "θ": "o", "χ": "x",
    "ς": "s", "Λ": "A", "Δ": "A", "Σ": "E", "Ξ": "E", "Π": "N", "Θ": "O", "Ι": "I", "λ": "a", "Γ": "R", "ϲ": "c", "Ϲ": "C",
    # Armenian, Cherokee
    "ե": "t", "լ": "l", "ձ": "d", "յ": "j", "Լ": "L", "Ո": "N", "Ց": "G", "Ք": "P", "ք": "p", "Ղ": "L",
    "Ꮎ": "O", "Ꮑ": "N", "Ꮙ": "V", "Ꭴ": "O", "Ꭲ": "T", "Ꮖ": "I", "Ꮻ": "O",
    # Latin letters with a life of their own, and letter-like signs
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "p", "Þ": "P", "ð": "d", "Ð": "D", "ı": "i",
    "ĸ": "k", "ŋ": "n", "Ŋ": "N", "ə": "e", "ɘ": "e", "Ə": "E", "ɐ": "a", "ǝ": "e", "ɔ": "c", "ʇ": "t", "ʞ": "k", "ʍ": "m", "ʌ": "v",
    "ʎ": "y", "ɥ": "h", "ɹ": "r", "ɟ": "f", "ɾ": "r", "ɓ": "b", "ɗ": "d", "ɖ": "d", "ɠ": "g", "ɦ": "h", "ɱ": "m", "ɲ": "n",
    "ɳ": "n", "ɵ": "o", "ʂ": "s", "ʈ": "t", "ʐ": "z", "ʑ": "z", "ɛ": "e", "Ɛ": "E", "ɩ": "i", "Ɩ": "I", "ʟ": "l", "ʀ": "r",
    "ƶ": "z", "Ƶ": "Z", "ȝ": "3", "ʒ": "3",
    "ᗩ": "A", "ᑕ": "C", "ᗴ": "E", "ᘜ": "G", "ᓰ": "I", "ᑎ": "N", "ᝪ": "O", "ᑫ": "Q", "ᔕ": "S", "ᗯ": "W", "ᖻ": "Y", "ᘔ": "Z",
    "×": "x", "╳": "x", "⭕": "o", "🆎": "ab", "🆔": "id", "¡": "!", "💲": "$", "➕": "+", "➖": "-", "🅿": "p", "℗": "P",
    "©": "c", "®": "r", "†": "t", "✝": "t", "∅": "o", "Ø": "O", "ø": "o",
}  # fmt: skip

PUNCTUATION: Final = {
    "<": "‹", ">": "›", "&": "＆",
    "−": "-", "⁃": "-", "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "´": "'", "ʼ": "'", "ʹ": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"', "「": '"', "」": '"', "『": '"', "』": '"',
    "∶": ":", "꞉": ":", "ː": ":", "։": ":", "׃": ":", "：": ":", "·": "·", "•": "·", "‧": "·", "∙": "·", "⋅": "·",
    "・": "·", "･": "·", "⁄": "/", "∕": "/", "│": "|", "┃": "|", "∣": "|", "〜": "~", "∼": "~",
    "【": "[", "】": "]", "〔": "[", "〕": "]", "〖": "[", "〗": "]", "〈": "[", "〉": "]", "《": "[", "》": "]",
    "⟨": "[", "⟩": "]", "❨": "(", "❩": ")", "❲": "(", "❳": ")", "۔": ".", "｡": "。", "،": ",", "؛": ";", "؟": "?",
    "™": "", "℠": "",
    "\r": " ", "\t": " ", "\v": "\n", "\f": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n", "\u2800": " ",
    "\u3164": " ", "\uffa0": " ",
}  # fmt: skip

STAY: Final = set("‹›＆")
"""Stand-ins for the three characters that could make markup: never turned back."""

_GENERIC_MARKS: Final = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670),
    (0x06D6, 0x06ED), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F),
)  # fmt: skip
_IGNORABLE: Final = (
    (0x034F, 0x034F), (0x0640, 0x0640), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0xFE00, 0xFE0F), (0xE0000, 0xE0FFF), (0x1F3FB, 0x1F3FF),
)  # fmt: skip


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


def lower(char: str) -> str:
    """One character in lower case, where that is one character."""
    small = char.lower()
    return small if len(small) == 1 else char


def _named_letter(char: str) -> str | None:
    """What a character says by its name that it shows: squared, circled, small capital ... letters."""
    name = unicodedata.name(char, "")
    for start in (
        "NEGATIVE CIRCLED LATIN CAPITAL LETTER ", "NEGATIVE SQUARED LATIN CAPITAL LETTER ", "SQUARED LATIN CAPITAL LETTER ",
        "REGIONAL INDICATOR SYMBOL LETTER ", "LATIN LETTER SMALL CAPITAL ", "MODIFIER LETTER SMALL ",
        "MODIFIER LETTER CAPITAL ", "PARENTHESIZED LATIN SMALL LETTER ", "PARENTHESIZED LATIN CAPITAL LETTER ",
        "LATIN SUBSCRIPT SMALL LETTER ", "CROSSED NEGATIVE SQUARED LATIN CAPITAL LETTER ",
    ):  # fmt: skip
        if name.startswith(start) and len(name) == len(start) + 1:
            # These forms know no case: lower case is what people write handles and terms in.
            return name[-1].lower()
    for case in ("SMALL", "CAPITAL"):
        start = f"LATIN {case} LETTER "
        if name.startswith(start) and name[len(start) + 1 : len(start) + 6] == " WITH":
            letter = name[len(start)]
            return letter.lower() if case == "SMALL" else letter
    return None


class Folder:
    """Works out what each character becomes."""

    def __init__(self, confusables: dict[str, list[dict[str, Any]]]) -> None:
        self._confusable: dict[str, str] = {}
        for char, others in confusables.items():
            targets = {other["c"] for other in others} & ASCII
            script = unicodedata.name(char, "?").split()[0] if len(char) == 1 else "?"
            if targets and script in SCRIPTS:
                target = min(targets)
                upper = unicodedata.category(char) == "Lu"
                self._confusable[char] = "I" if upper and target == "l" else target

    def fold(self, char: str) -> tuple[str, str]:
        """(step, what it becomes); the step is empty where the character stays."""
        code = ord(char)
        if char in STAY or 0xD800 <= code <= 0xDFFF:
            return "", char
        step, out = self._once(char)
        stable = "".join(part if part in STAY or part == char else self.agreeing(part)[1] for part in out)
        return (step if stable != char else ""), stable

    def agreeing(self, char: str) -> tuple[str, str]:
        """As :meth:`fold`, but so that a capital becomes what its small letter becomes."""
        step, out = self.fold(char)
        small, capital = lower(char), char.upper()
        if small != char:
            small_step, small_out = self.fold(small)
            if small_out == small or "".join(map(lower, out)) == "".join(map(lower, small_out)):
                return step, out
            return step or small_step, small_out.upper() if len(small_out.upper()) == len(small_out) else small_out
        if out == char and len(capital) == 1 and lower(capital) == char:
            capital_step, capital_out = self.fold(capital)
            if capital_out != capital:
                return capital_step, "".join(map(lower, capital_out))
        return step, out

    def _once(self, char: str) -> tuple[str, str]:  # noqa: PLR0911 - one rule after another, the first that applies
        code = ord(char)
        if char in PUNCTUATION:
            return "punctuation", PUNCTUATION[char]
        if char in LOOKALIKES:
            return "lookalike", LOOKALIKES[char]
        if code < 0x80 and (code >= 0x20 or char == "\n"):
            return "", char
        if _within(code, _GENERIC_MARKS) or unicodedata.category(char) == "Me":
            return "combining", ""
        if _within(code, _IGNORABLE) or unicodedata.category(char) in {"Cf", "Cc"}:
            return "invisible", ""
        if unicodedata.category(char) == "Zs":
            return "space", " "
        if unicodedata.category(char) == "Pd" and char not in "〜〰":
            return "punctuation", "-"
        return self._letter(char, code)

    def _letter(self, char: str, code: int) -> tuple[str, str]:  # noqa: PLR0911 - see above
        digit = unicodedata.digit(char, None)
        if digit is not None:
            return "digit", str(digit)
        if 0xAC00 <= code <= 0xD7A3 or 0x3131 <= code <= 0x318E or 0xFFA1 <= code <= 0xFFDC:
            composed = unicodedata.normalize("NFKC", char) if code >= 0xFFA1 else char
            return "compatibility", unicodedata.normalize("NFC", composed) if ord(composed[0]) < 0x3131 else char
        if 0x30A1 <= code <= 0x30F6 and unicodedata.normalize("NFKD", char) == char:
            return "kana", chr(code - 0x60)
        if 0x1F1E6 <= code <= 0x1F1FF:
            return "regional", _named_letter(char) or char
        if (accented := unicodedata.normalize("NFD", char)) != char:
            return "accent", accented
        if (named := _named_letter(char)) is not None:
            return "lettershape", named
        if (parts := unicodedata.normalize("NFKD", char)) != char:
            return "compatibility", parts
        if char in self._confusable:
            return "lookalike", self._confusable[char]
        if 0xAB70 <= code <= 0xABBF and (upper := char.upper()) in self._confusable:
            return "lookalike", self._confusable[upper].lower()
        return "", char


def tables(confusables: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, str]]:
    """Step -> what characters become -> the characters."""
    folder = Folder(confusables)
    found: dict[str, dict[str, list[str]]] = {}
    for code in range(0x110000):
        char = chr(code)
        if unicodedata.category(char) in {"Cn", "Co"} and not _within(code, _IGNORABLE):
            continue
        step, out = folder.agreeing(char)
        if out != char:
            found.setdefault(step, {}).setdefault(out, []).append(char)
    return {step: {out: "".join(chars) for out, chars in sorted(by.items())} for step, by in sorted(found.items())}


def render(found: dict[str, dict[str, str]]) -> Iterator[str]:
    """The lines of `tables.py`."""
    yield '"""What each character becomes, by folding step. Generated: see `monitor.text.generate_tables`."""'
    yield ""
    yield f'UNICODE_VERSION = "{unicodedata.unidata_version}"'
    yield ""
    yield "STEPS: dict[str, dict[str, str]] = {"
    for step, by in found.items():
        yield f"    {step!r}: {{"
        for out, chars in by.items():
            yield f"        {out!a}: {chars!a},"
        yield "    },"
    yield "}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(render(tables(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))) + "\n")
