from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.web import render
from alerts.web.security import MAX_BODY
from monitor.post import Author
from monitor.store.database import Store
from tests.support.posts import hit
from tests.support.reviewing import take_in
from tests.support.site import Site, form_of

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "</textarea></title></style><script>alert(1)</script>",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    '<a href="javascript:alert(1)">x</a><p>y</p>',
    '<div hx-get="/logout" hx-trigger="load">x</div>',
    "\u202e\u2066\x00\x1b[2J\ud800",
    "<p>&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x&#62;</p>",
]


async def test_every_answer_carries_the_headers(site: Site) -> None:
    visitor = await site.person("ana")
    paths = ("/", "/login", "/queue", "/alerts/9", "/nothing", "/healthz", "/coverage", "/alerts/x", "/static/icon.svg")
    answers = [await visitor.get(path) for path in paths]
    answers.append(await visitor.client.post("/claim-next", data={}))
    answers.append(await visitor.client.put("/queue"))
    for answer in answers:
        headers = answer.headers
        assert headers["content-security-policy"] == CSP
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert re.fullmatch(r"[0-9a-f]{12}", headers["x-request-id"])
        static = answer.request.url.path.startswith("/static/")
        assert headers["cache-control"] == ("public, max-age=3600" if static else "no-store")


async def test_what_breaks_says_so_and_nothing_else(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    visitor = await site.person("ana")

    def broken(**_: object) -> None:
        raise ZeroDivisionError("zorblat77 in a message")

    site.app.state.desk.triage.counts = broken
    answer = await visitor.get("/queue")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-request-id"] in answer.text
    assert "Nothing of this request was saved" in answer.text
    assert "zorblat" not in answer.text
    assert "zorblat" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("path", ["/queue/", "/login/", "/static", "/alerts/1/", "//elsewhere.example/x"])
async def test_nobody_is_sent_to_the_host_that_a_request_names(site: Site, path: str) -> None:
    answer = await site.visitor().client.get(f"http://page.test{path}", headers={"host": "elsewhere.example"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


async def test_a_body_has_a_limit(site: Site) -> None:
    visitor = await site.person("ana")
    answer = await visitor.client.post("/claim-next", data={"csrf": "x" * (MAX_BODY + 1)})
    assert answer.status_code == 413
    assert "more than this page takes" in answer.text


async def test_health_says_nothing_but_its_state(site: Site, sqlite_store: Store) -> None:
    visitor = site.visitor()
    assert (await visitor.get("/healthz")).text == "ok\n"
    with sqlite_store.write() as session:
        from sqlalchemy import text

        session.execute(text("DROP TABLE web_session"))
    answer = await visitor.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "the store cannot be read\n")


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_post_is_shown_and_does_nothing(site: Site, hostile: str) -> None:
    text = f"taboo, nolimits, wickr: zorblat77 {hostile}"
    author = Author(id="a", handle=f"x{hostile}", name=hostile, bio=hostile)
    (alert,) = take_in(site.store, hit(1, text=text, title=hostile, tags=(hostile,), community=hostile, author=author))
    visitor = await site.person("ana")
    typed = hostile.encode("utf-8", "ignore").decode()  # a form cannot carry a lone surrogate
    pages = [await visitor.get("/queue"), await visitor.get(f"/alerts/{alert}")]
    pages.append(await visitor.send(f"/alerts/{alert}", f"/alerts/{alert}/reveal", reveal_reason=f"why {typed}"))
    pages.append(
        await visitor.send(
            f"/alerts/{alert}", f"/alerts/{alert}/decide", verdict="not_reportable", reason=f"so {typed}", then="stay"
        )
    )
    pages.append(await visitor.get(f"/alerts/{alert}"))
    for page in pages:
        page.content.decode("utf-8")
        assert_inert(page.text)


def assert_inert(page: str) -> None:
    """Nothing in the page but our own elements: no inline script or style, no handler, no foreign address."""
    assert re.findall(r"<script(?! src=\"/static/)", page) == []
    tags = re.findall(r"<[a-zA-Z][^>]*>", page)
    for tag in tags:
        assert not re.search(r"\son\w+\s*=", tag), tag
        assert " style=" not in tag, tag
        assert not re.search(r"(?:src|href|action)=\"(?!/|#)", tag), tag
        if re.search(r"\shx-(?!boost|history|disable)", tag):
            assert tag.startswith('<div hx-get="/queue" hx-trigger="every 60s" hx-select="#rows"'), tag
    assert not re.search(r"[\u202e\u2066\x00\x1b]", page)


def test_templates_are_clean() -> None:
    for path in (Path(render.HERE) / "templates").glob("*.html"):
        source = path.read_text("utf-8")
        assert "| safe" not in source.replace("|safe", "| safe"), path
        assert "Markup" not in source, path
        assert "autoescape" not in source, path
        assert " style=" not in source, path
        assert "https://" not in source, path
        assert not re.search(r"\son[a-z]+=", source), path
    own = (render.STATIC / "handlewatch.js").read_text("utf-8")
    for word in ("innerHTML", "eval(", "Function(", "document.write", "insertAdjacent"):
        assert word not in own


async def test_every_form_is_signed(site: Site) -> None:
    (alert,) = take_in(site.store, hit(1))
    visitor = await site.person("sal")
    for path in ("/queue", f"/alerts/{alert}", "/help", "/coverage"):
        page = (await visitor.get(path)).text
        for form in re.findall(r"<form[^>]*method=\"post\"[^>]*>.*?</form>", page, re.DOTALL):
            assert 'name="csrf"' in form
    assert form_of((await visitor.get("/queue")).text, "/logout")["csrf"]
