from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import col, select

from alerts.verdicts import Conduct, Risk, Verdict
from monitor.post import Author
from monitor.store.tables import Alert, Decision, Occurrence, Reveal
from tests.e2e.conftest import Live
from tests.support.posts import hit
from tests.support.reviewing import take_in

pytestmark = pytest.mark.browser


def alerts(live: Live, count: int = 1) -> list[int]:
    words = ("here", "there", "elsewhere", "nowhere")[:count]
    return [
        take_in(live.site.store, hit(n, text=f"trade taboo and nolimits {word}, wickr: zorblat77"))[0]
        for n, word in enumerate(words)
    ]


def decisions(live: Live) -> list[tuple[int, str, str]]:
    with live.site.store.read() as session:
        return [(row.alert_id, row.verdict, row.user) for row in session.exec(select(Decision))]


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def test_the_whole_way_by_keys_alone(live: Live) -> None:
    """Queue, open, look at the evidence, reveal with a reason, decide, next, undo: no pointer."""
    first, second = alerts(live, 2)
    page = live.window("ana")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/alerts/{first}")
    expect(page.locator("h1")).to_have_text(f"Alert {first}")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator(".main-field .mask.term.evidence")).to_have_count(2)
    expect(page.locator(".main-field .mask.handle.evidence")).to_have_count(1)
    assert "zorblat77" not in page.content()

    page.keyboard.press("r")
    expect(page.locator("#reveal-reason")).to_be_focused()
    page.keyboard.type("xy? compare")  # keys are letters while one types
    page.keyboard.press("Enter")
    mark = page.locator(".main-field mark.handle")
    expect(mark).to_have_text("zorblat77")
    assert mark.evaluate("e => getComputedStyle(e).textDecorationLine") == "underline"
    styles = {
        kind: page.locator(f".main-field mark.{kind}").first.evaluate("e => getComputedStyle(e).textDecorationStyle")
        for kind in ("handle", "term")
    }
    assert styles["handle"] != styles["term"]
    with live.site.store.read() as session:
        assert [row.reason for row in session.exec(select(Reveal))] == ["xy? compare"]
    assert page.url.endswith(f"/alerts/{first}")
    page.keyboard.press("r")
    expect(mark).to_have_count(0)
    expect(page.locator(".main-field .mask.handle.evidence")).to_have_count(1)

    page.keyboard.press("y")
    page.keyboard.press("1")
    page.keyboard.press("9")
    assert page.locator("[name=verdict]:checked").get_attribute("value") == "reportable"
    assert page.locator("[name=conduct]:checked").get_attribute("value") == "offers_or_asks_material"
    assert page.locator("[name=risk]:checked").get_attribute("value") == "trade"
    assert decisions(live) == []  # no single key sends anything
    page.keyboard.press("n")
    page.keyboard.type("handle beside two terms")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/alerts/{second}?done={first}")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("#outcome")).to_contain_text(f"Alert {first}: reportable, decided by you.")
    expect(page.locator("#live")).to_have_text(f"Alert {first} reportable; 1 left")
    assert decisions(live) == [(first, "reportable", "ana")]

    page.keyboard.press("u")
    page.wait_for_url(f"**/alerts/{first}")
    with live.site.store.read() as session:
        assert session.get_one(Alert, first).state == "open"


def test_the_fast_lane_by_keys_alone(live: Live) -> None:
    """From one waiting post to the next, a yes and a no, each chosen by one key; no single key sends anything."""
    (alert,) = alerts(live)
    choice: dict[str, Any] = {"conduct": Conduct.OFFERS_OR_ASKS_MATERIAL, "risk": Risk.TRADE}
    live.site.triage.decide(
        alert, version=1, verdict=Verdict.REPORTABLE, reason="a handle beside two terms", user="sal", **choice
    )
    for number in (11, 12, 13):
        take_in(live.site.store, hit(number, text="trade taboo and nolimits here, wickr: zorblat77"))
    page = live.window("ana")
    page.click("nav[aria-label=Main] >> text=Fast lane")
    expect(page.locator("h1")).to_have_text(f"Post 2 joined alert {alert}")
    page.keyboard.press("j")
    page.wait_for_url(f"**/waiting/{alert}/3")
    expect(page.locator("h1")).to_be_focused()
    page.keyboard.press("k")
    page.wait_for_url(f"**/waiting/{alert}/2")
    assert "zorblat77" not in page.content()
    page.keyboard.press("r")
    page.keyboard.type("the masked words are not enough")
    page.keyboard.press("Enter")
    expect(page.locator(".main-field mark.handle")).to_have_text("zorblat77")
    page.keyboard.press("r")
    expect(page.locator(".main-field mark.handle")).to_have_count(0)

    page.keyboard.press("y")
    assert page.locator("[name=answer]:checked").get_attribute("value") == "yes"
    expect(page.locator("#reason")).to_be_hidden()
    assert live.site.routed.joined == []
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/waiting?done={alert}-2")
    expect(page.locator("h1")).to_have_text(f"Post 3 joined alert {alert}")
    expect(page.locator("#live")).to_have_text("Post 2: yes; 2 left")
    assert live.site.routed.joined == [(alert, 2, "ana")]

    page.keyboard.press("x")
    expect(page.locator("#reason")).to_have_value("It does not do what the others do.")
    page.keyboard.press("n")
    page.keyboard.type("it warns of them, y")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/waiting?done={alert}-3")
    expect(page.locator("#outcome")).to_contain_text(f"Post 3 of alert {alert}: no.")
    with live.site.store.read() as session:
        states = session.exec(select(Occurrence.state).order_by(col(Occurrence.post_id))).all()
    assert states == ["attached", "added", "left", "waiting"]


def test_a_second_window_is_refused_and_keeps_its_draft(live: Live) -> None:
    (alert,) = alerts(live)
    ana, ben = live.window("ana"), live.window("ben")
    for page in (ana, ben):
        page.goto(f"/alerts/{alert}")
    ben.keyboard.press("e")
    ben.fill("#reason", "not sure; my own words")
    ana.keyboard.press("x")
    assert ana.input_value("#reason") == "The words are used in a harmless sense."
    ana.keyboard.press("Control+Enter")
    ana.wait_for_url("**/queue?done=*")
    ben.click("text=Decide and stay")
    expect(ben.locator("#problem-title")).to_contain_text("already decided: not_reportable by ana")
    expect(ben.locator("#problem-title")).to_be_focused()
    expect(ben.locator("#draft")).to_have_value("not sure; my own words")
    assert ben.url.endswith(f"/alerts/{alert}")
    assert decisions(live) == [(alert, "not_reportable", "ana")]


def test_everything_works_without_javascript(live: Live) -> None:
    first, second = alerts(live, 2)
    page = live.window("ana", java_script_enabled=False)
    page.click("text=Take the next one")
    assert page.url.endswith(f"/alerts/{first}")
    expect(page.locator(".side")).to_contain_text("Yours until")
    page.click("summary:has-text('Reveal')")
    page.fill("#reveal-reason", "the masked text is not enough")
    page.click("text=Show in clear")
    expect(page.locator(".main-field mark.handle")).to_have_text("zorblat77")
    page.click("a:has-text('Hide')")
    expect(page.locator(".main-field mark.handle")).to_have_count(0)
    record_page(page, first)
    page.click("summary:has-text('Reveal')")
    page.fill("#reveal-reason", "compare the names")
    page.click("text=Show in clear")
    expect(page.locator(".in-clear mark")).to_have_text("zorblat77")
    page.click("a:has-text('Hide')")
    page.click(f"text=Back to alert {first}")
    assert not page.locator("[name=conduct]").first.is_visible()
    page.check("[value=reportable]")
    page.check("[value=extortion]")
    page.check("[value=trade]")
    page.fill("#reason", "asks for money")
    page.click("text=Decide, then next")
    assert page.url.endswith(f"/alerts/{second}?done={first}")
    page.click("text=Undo")
    assert page.url.endswith(f"/alerts/{first}")
    assert [row[1] for row in decisions(live)] == ["reportable", "reportable"]
    page.click("text=Log out")
    assert page.url.endswith("/login")


def test_a_reveal_hides_itself_unless_it_is_kept(live: Live) -> None:
    (alert,) = alerts(live)
    page = live.window("ana")
    page.clock.install()
    for keeps in (True, False):
        page.goto(f"/alerts/{alert}")
        page.keyboard.press("r")
        page.fill("#reveal-reason", "look closely")
        page.keyboard.press("Enter")
        expect(page.locator("[data-countdown]")).to_contain_text("Hides in")
        if keeps:
            page.click("text=Keep shown")
        page.clock.run_for(70_000)
        expect(page.locator(".main-field mark.handle")).to_have_count(1 if keeps else 0)


def test_a_handle_is_looked_up_by_keys_alone(live: Live) -> None:
    """From an alert to the record, on to the handle beside it, by name from the form: no address names a handle."""
    text = "trade taboo and nolimits here, wickr: zorblat77 or wickr: quibdrem"
    (alert,) = take_in(live.site.store, hit(1, text=text))
    page = live.window("ana")
    page.goto(f"/alerts/{alert}")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url + str(request.headers)))
    page.keyboard.press("h")
    page.wait_for_url("**/handles/record/*")
    expect(page.locator("h1")).to_be_focused()
    first = page.locator("h1").inner_text()
    page.get_by_role("region", name="Handles in the same posts").get_by_role(
        "button", name="Record of handle H-"
    ).focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).not_to_have_text(first)
    page.keyboard.press("/")
    page.wait_for_url("**/handles")
    expect(page.locator("#app")).to_be_focused()
    page.keyboard.type("wickr")
    page.keyboard.press("Tab")
    page.keyboard.type("zorblat77")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(first)
    page.reload()
    expect(page.locator("h1")).to_have_text(first)
    assert "zorblat77" not in page.content()
    page.keyboard.press("r")
    page.keyboard.type("compare the names")
    page.keyboard.press("Enter")
    expect(page.locator(".in-clear mark")).to_have_text("zorblat77")
    page.keyboard.press("r")
    expect(page.locator(".in-clear")).to_have_count(0)
    expect(page.locator("h1")).to_have_text(first)
    assert "zorblat" not in "".join(addresses)
    page.go_back()
    assert "zorblat" not in page.url + page.title()


def record_page(page: Page, alert: int) -> str:
    page.goto(f"/alerts/{alert}")
    page.click(".find button")
    page.wait_for_url("**/handles/record/*")
    return page.url


def test_a_hostile_post_does_nothing(live: Live) -> None:
    """Content that tries to run, to load and to steer; the watch in `Live` fails on any violation or request."""
    hostile = (
        "<script>document.title='x'</script><img src=https://evil.test/i><svg onload=\"document.title='x'\">"
        '<a href="javascript:document.title=1">x</a><div hx-get="/logout" hx-trigger="load" hx-boost="true">y</div>'
        "<style>body{display:none}</style><meta http-equiv=refresh content='0;url=https://evil.test'>\u202e\u2066"
    )
    author = Author(id="a", handle="quibbern04", name=hostile, bio=hostile)
    post = hit(1, text=f"taboo nolimits, wickr: zorblat77 {hostile}", title=hostile, tags=(hostile,), author=author)
    (alert,) = take_in(live.site.store, post)
    page = live.window("ana")
    page.goto(f"/alerts/{alert}")
    page.keyboard.press("r")
    page.fill("#reveal-reason", hostile)
    page.keyboard.press("Enter")
    expect(page.locator(".main-field mark.handle")).to_have_text("zorblat77")
    expect(page).to_have_title(f"Alert {alert} · Handlewatch")
    assert page.locator("main script, main img, main style, main meta, main a[href^=javascript]").count() == 0
    expect(page.locator(".main-field").last).to_contain_text("U+202E right-to-left override")
    assert page.url.endswith(f"/alerts/{alert}")


def test_keys_can_be_switched_off_and_help_shows_them(live: Live) -> None:
    (alert,) = alerts(live)
    page = live.window("ana")
    page.goto(f"/alerts/{alert}")
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto("/help")
    page.uncheck("[name=keys]")
    page.check("[value=dark]")
    page.click("text=Keep in this browser")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.goto(f"/alerts/{alert}")
    page.keyboard.press("x")
    assert page.locator("[name=verdict]:checked").count() == 0


def test_four_eyes_in_two_windows(live: Live) -> None:
    (alert,) = alerts(live)
    ana, apo = live.window("ana"), live.window("apo")
    ana.goto(f"/alerts/{alert}")
    ana.keyboard.press("y")
    ana.keyboard.press("2")
    ana.keyboard.press("!")
    ana.click("text=Decide and stay")
    expect(ana.locator("#outcome")).to_contain_text("waits for a second person")
    apo.click("text=Second review >> nth=0")
    apo.click(f"[data-row]:has-text('{alert}')")
    expect(apo.locator("#second-title")).to_be_visible()
    apo.fill("#reason", "seen, agreed")
    apo.keyboard.press("Control+Enter")
    expect(apo.locator("#outcome")).to_contain_text("decided by you")
    assert [row[2] for row in decisions(live)] == ["ana", "apo"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast_and_controls_have_names(live: Live, scheme: str) -> None:
    """4.5:1 for every text on its own ground, and a name for every control, on every page."""
    first, *_ = alerts(live, 3)
    page = live.window("sal", color_scheme=scheme)
    pages = ("/queue", f"/alerts/{first}", "/coverage", "/help", "/queue?list=decided", "/alerts/999", "/handles")
    for path in (*pages, record_page(page, first)):
        page.goto(path)
        if path == f"/alerts/{first}":
            page.keyboard.press("y")
        assert page.evaluate(_LOW_CONTRAST) == [], path
        assert page.evaluate(_NAMELESS) == [], path
        assert page.locator("h1").count() == 1
        assert page.locator("main").count() == 1


def test_the_page_fits_a_narrow_screen(live: Live) -> None:
    first, *_ = alerts(live, 2)
    page = live.window("sal")
    page.set_viewport_size({"width": 320, "height": 800})
    for path in ("/queue", f"/alerts/{first}", "/coverage", "/help", "/handles", record_page(page, first)):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        small = page.evaluate(_SMALL_TARGETS)
        assert small == [], path


def test_what_the_server_does_not_answer_is_said(live: Live) -> None:
    (alert,) = alerts(live)
    page = live.window("ana")
    page.goto(f"/alerts/{alert}")
    page.keyboard.press("x")
    page.fill("#reason", "my words")
    page.route("**/decide", lambda route: route.abort())
    page.click("text=Decide and stay")
    expect(page.locator("#offline")).to_contain_text("Nothing was saved")
    assert page.input_value("#reason") == "my words"
    page.unroute("**/decide")
    page.click("text=Decide and stay")
    expect(page.locator("#outcome")).to_contain_text("decided by you")
    meant = re.compile("ERR_FAILED|htmx:(sendError|afterRequest)")
    live.complaints[:] = [text for text in live.complaints if not meant.search(text)]


_LOW_CONTRAST = """() => {
  const canvas = document.createElement('canvas'); canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => { context.clearRect(0, 0, 1, 1); context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => { for (let e = element; e; e = e.parentElement) {
    const colour = rgb(getComputedStyle(e).backgroundColor); if (colour[3] > 250) return colour; }
    return rgb('Canvas'); };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    if (element.closest('.spoken, .skip')) continue;
    const a = light(rgb(getComputedStyle(element).color)), b = light(ground(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${walker.currentNode.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""
_NAMELESS = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a, summary')]
  .filter(e => !(e.labels && e.labels.length) && !e.textContent.trim() && !e.getAttribute('aria-label'))
  .map(e => e.outerHTML)"""
_SMALL_TARGETS = """() => [...document.querySelectorAll(
    'button, summary, select, .choice, .top a, .tabs a, input:not([type=hidden])')]
  .filter(e => e.getClientRects().length && !e.closest('.choice > *') && e.getBoundingClientRect().height < 24)
  .map(e => e.outerHTML.slice(0, 80))"""
