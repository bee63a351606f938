"""The fast lane on the page: posts that joined reportable alerts, one by one before a person."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from alerts.verdicts import Conduct, Risk, Verdict
from monitor.post import Author
from monitor.store.tables import Alert, Occurrence, Reveal
from tests.support.posts import hit
from tests.support.reviewing import take_in
from tests.support.site import Site, form_of
from tests.web.test_security import assert_inert

SECRETS = ("zorblat", "quibbern", "vexilorp", "taboo", "nolimits", "https://examplenet")


def decide(site: Site, alert_id: int, verdict: Verdict = Verdict.REPORTABLE) -> None:
    choice: dict[str, Any] = {"conduct": Conduct.OFFERS_OR_ASKS_MATERIAL, "risk": Risk.TRADE}
    more = choice if verdict is Verdict.REPORTABLE else {}
    version = site.triage.view(alert_id, user="sue").version
    site.triage.decide(alert_id, version=version, verdict=verdict, reason="seen", user="ana", **more)


@pytest.fixture
def alert(site: Site) -> int:
    """Alert 1, reportable; posts 2 (with another handle) and 3 wait."""
    (alert_id,) = take_in(site.store, hit(1))
    decide(site, alert_id)
    author = Author(id="b2", handle="vexilorp9", bio="wickr: vexilorp9")
    take_in(site.store, hit(2, platform="othernet", author=author, title="see vexilorp9"))
    take_in(site.store, hit(3))
    return alert_id


def states(site: Site) -> list[str]:
    with site.store.read() as session:
        return list(session.exec(select(Occurrence.state).order_by(col(Occurrence.post_id))))


async def test_what_waits_longest_comes_first_masked(site: Site, alert: int) -> None:
    page = await (await site.person("ana")).get("/waiting")
    assert page.status_code == 200
    assert '<h1 tabindex="-1" id="title">Post 2 <small>joined alert 1</small></h1>' in page.text
    assert "2 wait" in page.text
    assert 'href="/waiting/1/3"' in page.text
    assert "offers or asks material, trade" in page.text
    assert "New to this campaign: another handle, another platform." in page.text
    assert 'Fast lane <span class="count">2</span>' in page.text
    for secret in SECRETS:
        assert secret not in page.text.lower(), secret
    assert_inert(page.text)


async def test_a_yes_is_reported_and_goes_on_to_the_next(site: Site, alert: int) -> None:
    person = await site.person("ana")
    answer = await person.send("/waiting", "/waiting/1/2/say", answer="yes")
    assert (answer.status_code, answer.headers["location"]) == (303, "/waiting?done=1-2")
    assert (states(site), site.routed.joined) == (["attached", "added", "waiting"], [(1, 2, "ana")])
    page = (await person.get(answer.headers["location"])).text
    assert "Post 2 of alert 1: yes." in page
    assert 'data-said="Post 2: yes; 1 left"' in page
    assert ">Post 3 <small>" in page
    other = await site.person("ben")
    assert "of alert 1: yes" not in (await other.get("/waiting?done=1-2")).text


async def test_a_no_says_why(site: Site, alert: int) -> None:
    person = await site.person("ana")
    refused = await person.send("/waiting/1/3", "/waiting/1/3/say", answer="no", reason="  ")
    assert refused.status_code == 422
    assert "say why" in refused.text
    assert 'value="no" required data-key="x" data-usual="It does not do what the others do." checked' in refused.text
    neither = await person.send("/waiting/1/3", "/waiting/1/3/say")
    assert (neither.status_code, "Say yes or no." in neither.text) == (422, True)
    assert states(site) == ["attached", "waiting", "waiting"]
    answer = await person.send("/waiting/1/3", "/waiting/1/3/say", answer="no", reason="it warns")
    assert (states(site), site.routed.joined) == (["attached", "waiting", "left"], [])
    assert "Post 3 of alert 1: no." in (await person.get(answer.headers["location"])).text


async def test_of_two_who_say_the_second_is_refused(site: Site, alert: int) -> None:
    ana, ben = await site.person("ana"), await site.person("ben")
    form = form_of((await ben.get("/waiting/1/2")).text, "/waiting/1/2/say")
    await ana.send("/waiting/1/2", "/waiting/1/2/say", answer="yes")
    answer = await ben.client.post("/waiting/1/2/say", data=form | {"answer": "no", "reason": "mine"})
    assert answer.status_code == 409
    assert "does not wait for a word" in answer.text
    assert ">Post 3 <small>" in answer.text
    assert states(site) == ["attached", "added", "waiting"]
    assert (await ben.get("/waiting/1/2")).status_code == 409


async def test_a_reveal_is_logged_with_the_post_that_it_shows(site: Site, alert: int) -> None:
    person = await site.person("ana")
    nothing = await person.send("/waiting/1/2", "/waiting/1/2/reveal", reveal_reason=" ")
    assert (nothing.status_code, "vexilorp" in nothing.text) == (422, False)
    page = await person.send("/waiting/1/2", "/waiting/1/2/reveal", reveal_reason="the handle is another")
    assert page.status_code == 200
    assert "vexilorp9" in page.text
    assert "https://examplenet.example/post-2" in page.text
    assert page.headers["hx-push-url"] == "false"
    with site.store.read() as session:
        (row,) = session.exec(select(Reveal))
        assert (row.alert_id, row.user, row.reason) == (1, "ana", "the handle is another")
    assert "vexilorp" not in (await person.get("/waiting/1/2")).text


async def test_nothing_waits(site: Site) -> None:
    take_in(site.store, hit(1))
    person = await site.person("ana")
    page = await person.get("/waiting")
    assert "No post waits" in page.text
    for path in ("/waiting/1/1", "/waiting/1/99", "/waiting/1/99999999999"):
        assert (await person.get(path)).status_code == 409
    for path in ("/waiting/7/1", "/waiting?lane=none"):
        assert (await person.get(path)).status_code in {404, 422}
    for path in ("/waiting?done=x", "/waiting?done=7-1", "/waiting?done=1-1"):
        assert (await person.get(path)).status_code == 200
    decide(site, 1, Verdict.NOT_REPORTABLE)
    take_in(site.store, hit(2))
    assert "No post waits" in (await person.get("/waiting")).text


async def test_safeguarding_is_for_its_leads_alone(site: Site, alert: int) -> None:
    with site.store.write() as session:
        session.get_one(Alert, alert).lane = "safeguarding"
    ana, sue = await site.person("ana"), await site.person("sue")
    assert "No post waits" in (await ana.get("/waiting")).text
    for path in ("/waiting/1/2", "/waiting?lane=safeguarding"):
        answer = await ana.get(path)
        assert answer.status_code == 403
        assert "Post 2" not in answer.text
    form = form_of((await ana.get("/queue")).text, "/logout")
    for step in ("say", "reveal"):
        answer = await ana.client.post(f"/waiting/1/2/{step}", data=form | {"answer": "yes", "reveal_reason": "x"})
        assert answer.status_code == 403
    assert "No post waits" in (await sue.get("/waiting")).text
    assert ">Post 2 <small>" in (await sue.get("/waiting?lane=safeguarding")).text
    answer = await sue.send("/waiting/1/2", "/waiting/1/2/say", answer="yes")
    assert answer.headers["location"] == "/waiting?lane=safeguarding&done=1-2"
    assert "No post waits" not in (await sue.get(answer.headers["location"])).text


@pytest.mark.parametrize("name", ["aud", "adm"])
async def test_it_is_not_for_roles_without_review(site: Site, alert: int, name: str) -> None:
    person = await site.person(name)
    assert "Fast lane" not in (await person.get("/coverage")).text
    for path in ("/waiting", "/waiting/1/2"):
        assert (await person.get(path)).status_code == 403


async def test_a_form_of_another_session_does_nothing(site: Site, alert: int) -> None:
    ana, ben = await site.person("ana"), await site.person("ben")
    form = form_of((await ana.get("/waiting/1/2")).text, "/waiting/1/2/say")
    assert (await ben.client.post("/waiting/1/2/say", data=form | {"answer": "yes"})).status_code == 403
    assert states(site) == ["attached", "waiting", "waiting"]


@pytest.mark.parametrize("said", [{"answer": "yes"}, {"answer": "no", "reason": "it warns"}])
async def test_a_word_is_taken_back_on_the_page(site: Site, alert: int, said: dict[str, str]) -> None:
    person = await site.person("ana")
    await person.send("/waiting", "/waiting/1/2/say", **said)
    answer = await person.send("/waiting?done=1-2", "/waiting/1/2/undo")
    assert (answer.status_code, answer.headers["location"]) == (303, "/waiting/1/2?undone=1")
    assert states(site) == ["attached", "waiting", "waiting"]
    page = (await person.get("/waiting/1/2?undone=1")).text
    assert "the post waits again" in page
    assert "/waiting/1/2/undo" not in page
    again = await person.client.post("/waiting/1/2/undo", data=form_of(page, "/waiting/1/2/say"))
    assert (again.status_code, "no word of yours" in again.text) == (409, True)


async def test_nobody_takes_back_what_another_said(site: Site, alert: int) -> None:
    await (await site.person("ana")).send("/waiting", "/waiting/1/2/say", answer="yes")
    ben = await site.person("ben")
    assert "/undo" not in (await ben.get("/waiting?done=1-2")).text
    form = form_of((await ben.get("/waiting/1/3")).text, "/waiting/1/3/say")
    refused = await ben.client.post("/waiting/1/2/undo", data=form)
    assert (refused.status_code, states(site)) == (409, ["attached", "added", "waiting"])
