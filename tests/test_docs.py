"""Docs that list what the code has are compared with the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from monitor.cli import COMMANDS
from monitor.errors import EXIT_MEANINGS, Exit
from monitor.settings import Settings

ROOT = Path(__file__).parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_exit_codes_are_documented_as_they_are() -> None:
    rows = re.findall(r"^\| (\d+) \| ([a-z ]+) \| (.+) \|$", read("docs/exit-codes.md"), re.MULTILINE)
    assert rows == [(str(code.value), code.name.lower().replace("_", " "), EXIT_MEANINGS[code]) for code in Exit]


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = sorted(re.split(r"[\[<>=]", requirement)[0] for requirement in wanted)
    assert sorted(re.findall(r"^\| ([a-z0-9-]+) \| [A-Z]", read("docs/dependencies.md"), re.MULTILINE)) == names


def test_links_between_the_docs_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), (page.name, target)


def test_locks_have_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = read(name)
        assert len(re.findall(r"^\S+==", text, re.MULTILINE)) <= text.count("--hash=sha256:")
        assert not re.search(r"https?://|index-url|find-links|^file:", text, re.MULTILINE)


def test_every_command_is_in_the_readme() -> None:
    text = read("README.md")
    assert [name for name in COMMANDS if f"`{name}`" not in text] == []


def test_links_between_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_defaults_in_the_docs_are_the_defaults() -> None:
    (block,) = re.findall(r"```toml\n(\[priority\].*?)```", read("docs/running.md"), re.DOTALL)
    stated = tomllib.loads(block)
    settings = Settings(home=Path("nowhere"))
    assert stated["priority"] == settings.priority.model_dump()
    assert stated["linking"] == settings.linking.model_dump()
    review = settings.review.model_dump()
    assert stated["review"] == {name: review[name] for name in stated["review"]}
