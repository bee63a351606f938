from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.output import print_error, print_json, print_table, printable, say
from monitor.errors import ConfigError

HOSTILE = "a\x1b[2J b\x9b31m c\u202e d\ud800 e\x00 f\x07"


def test_nothing_that_a_terminal_obeys_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    print_table((("x"),), [(HOSTILE,)], empty="none")
    print_error(ConfigError(HOSTILE, kept=HOSTILE, do=HOSTILE))
    print_json({"text": HOSTILE})
    out, err = capfd.readouterr()
    for written in (out, err):
        assert r"\u001b[2J" in written
        assert not set(written) & set("\x1b\x9b\u202e\ud800\x00\x07")


def test_lines_and_tabs_stay() -> None:
    assert printable("one\n\ttwo, \u00fcber \U0001f600") == "one\n\ttwo, \u00fcber \U0001f600"


@given(value=st.text(st.characters(exclude_categories=())))
def test_json_means_the_same(value: str) -> None:
    line = printable(json.dumps({"text": value}, ensure_ascii=False))
    assert json.loads(line) == {"text": value}
    line.encode()
