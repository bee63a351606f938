from __future__ import annotations

import re

import pytest
from sqlmodel import select

from monitor.post import Author
from monitor.store.tables import Alert, Decision, Reveal
from tests.conftest import FakeClock
from tests.support.posts import hit
from tests.support.reviewing import take_in
from tests.support.site import Site, form_of

SECRETS = ("zorblat", "quibbern", "mail.example", "5550100", "taboo", "nolimits", "vexilorp")
TEXT = "trade taboo and nolimits here, wickr: zorblat77 or zorb@mail.example, +1 555 0100 12, @quibbern04"
REPORTABLE = {"verdict": "reportable", "conduct": "offers_or_asks_material", "risk": "trade", "reason": "a reason"}


@pytest.fixture
def alert(site: Site) -> int:
    author = Author(id="a1", handle="quibbern04", name="Quibbern the 4th", bio="wickr: zorblat77")
    posts = [
        hit(1, text=TEXT, title="zorblat77", tags=("taboo", "zorblat77"), community="c/zorblat77", author=author),
        hit(2, text=TEXT.replace("zorblat77", "vexilorp"), platform="othernet"),
    ]
    return take_in(site.store, *posts)[0]


async def test_no_page_shows_anything_in_clear_before_a_reveal(site: Site, alert: int) -> None:
    person = await site.person("sal")
    decide = {"verdict": "reportable", "conduct": "extortion", "risk": "danger_now", "then": "stay"}
    answers = [
        await person.get("/queue"),
        await person.get(f"/alerts/{alert}"),
        await person.send("/queue", "/claim-next"),
        await person.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", reason="", **decide),
        await person.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", reason="zorblat77 is it", **decide),
        await person.get(f"/alerts/{alert}"),
        await person.get("/queue?list=second_review"),
        await person.get("/queue?list=decided"),
    ]
    for answer in answers:
        assert answer.status_code in {200, 303, 422}
        shown = answer.text
        if answer.status_code == 422:  # the draft comes back to whoever wrote it
            continue
        for secret in SECRETS:
            assert secret not in shown.lower().replace(" ", ""), secret


async def test_a_reveal_shows_underlined_evidence_and_is_logged(site: Site, alert: int) -> None:
    person = await site.person("ana")
    page = await person.send(f"/alerts/{alert}", f"/alerts/{alert}/reveal", reveal_reason="to compare it")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["hx-push-url"] == "false"
    assert re.search(r'<mark class="handle" title="handle H-\w{6}, wickr">zorblat77</mark>', page.text)
    assert re.search(r'<mark class="term" title="term T-\w{6}">taboo</mark>', page.text)
    assert "zorb@mail.example" in page.text
    with site.store.read() as session:
        (reveal,) = session.exec(select(Reveal))
        assert (reveal.user, reveal.reason) == ("ana", "to compare it")
    assert ("ana", "alert.reveal", f"alert:{alert}") in site.audited()
    assert "zorblat" not in (await person.get(f"/alerts/{alert}")).text


async def test_a_reveal_without_a_reason_shows_nothing(site: Site, alert: int) -> None:
    person = await site.person("ana")
    page = await person.send(f"/alerts/{alert}", f"/alerts/{alert}/reveal", reveal_reason="  ")
    assert page.status_code == 422
    assert "say why" in page.text
    assert "zorblat" not in page.text
    with site.store.read() as session:
        assert session.exec(select(Reveal)).all() == []


async def test_deciding_goes_on_to_the_next(site: Site, alert: int) -> None:
    other = take_in(site.store, hit(5, text="taboo nolimits elsewhere, wickr: zorblat77"))[0]
    person = await site.person("ana")
    answer = await person.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", then="next", **REPORTABLE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/alerts/{other}?done={alert}")
    page = (await person.get(answer.headers["location"])).text
    assert f"Alert {alert}: reportable, decided by you." in page
    assert f'action="/alerts/{alert}/undo"' in page
    last = await person.send(f"/alerts/{other}", f"/alerts/{other}/decide", then="next", **REPORTABLE)
    assert last.headers["location"] == f"/queue?done={other}"
    assert "Nothing is open" in (await person.get(last.headers["location"])).text
    assert [call[:2] for call in site.routed.calls] == [(alert, "reportable"), (other, "reportable")]


async def test_a_second_decision_is_refused_and_the_draft_kept(site: Site, alert: int) -> None:
    first, second = await site.person("ana"), await site.person("ben")
    form = {"verdict": "not_reportable", "reason": "my careful <draft>", "then": "next"}

    hidden = form_of((await second.get(f"/alerts/{alert}")).text, f"/alerts/{alert}/decide")
    await first.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", **REPORTABLE)
    answer = await second.client.post(f"/alerts/{alert}/decide", data=hidden | form)
    assert answer.status_code == 409
    assert "already decided: reportable by ana at 2026-11-01 12:00:00 UTC" in answer.text
    assert "my careful &lt;draft&gt;</textarea>" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert answer.headers["hx-push-url"] == "false"
    with site.store.read() as session:
        assert [row.user for row in session.exec(select(Decision))] == ["ana"]


async def test_an_incomplete_decision_keeps_the_draft_in_the_form(site: Site, alert: int) -> None:
    person = await site.person("ana")
    answer = await person.send(
        f"/alerts/{alert}", f"/alerts/{alert}/decide", verdict="reportable", conduct="extortion", reason="because"
    )
    assert answer.status_code == 422
    assert "needs a conduct and a risk" in answer.text
    assert re.search(r'value="extortion"[^>]* checked', answer.text)
    assert ">because</textarea>" in answer.text
    for values in ({}, {"verdict": "maybe"}, {"verdict": "duplicate", "duplicate_of": "x"}):
        answer = await person.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", reason="because", **values)
        assert answer.status_code == 422
    with site.store.read() as session:
        assert session.exec(select(Decision)).all() == []


async def test_a_wrong_number_of_a_duplicate_keeps_the_draft(site: Site, alert: int) -> None:
    ana = await site.person("ana")
    page, action = f"/alerts/{alert}", f"/alerts/{alert}/decide"
    answer = await ana.send(page, action, verdict="duplicate", duplicate_of=999, reason="the same, written at length")
    assert answer.status_code == 422
    assert "There is no alert 999." in answer.text
    assert "the same, written at length" in answer.text
    assert 'value="999"' in answer.text
    gone = await ana.client.post("/alerts/999/claim", data=form_of((await ana.get(page)).text, f"{page}/claim"))
    assert gone.status_code == 404


async def test_lines_of_a_reason_count_as_they_were_typed(site: Site, alert: int) -> None:
    ana = await site.person("ana")
    typed = "\n".join(["x" * 19] * 200)  # 3,999 characters; forms send each line end as two
    done = await ana.send(
        f"/alerts/{alert}",
        f"/alerts/{alert}/decide",
        verdict="not_reportable",
        reason=typed.replace("\n", "\r\n"),
        then="stay",
    )
    assert done.status_code == 303
    with site.store.read() as session:
        assert session.exec(select(Decision)).one().reason == typed


async def test_claiming_holds_it_for_others_to_read(site: Site, clock: FakeClock, alert: int) -> None:
    ana, ben = await site.person("ana"), await site.person("ben")
    answer = await ana.send("/queue", "/claim-next")
    assert answer.headers["location"] == f"/alerts/{alert}"
    assert "Yours until" in (await ana.get(f"/alerts/{alert}")).text
    seen = (await ben.get(f"/alerts/{alert}")).text
    assert "Held by ana until 12:10 UTC" in seen
    assert f'action="/alerts/{alert}/decide"' not in seen
    assert (await ben.send("/queue", "/claim-next")).headers["location"] == "/queue?taken=1"
    assert "Nothing is free to take" in (await ben.get("/queue?taken=1")).text
    await ana.send(f"/alerts/{alert}", f"/alerts/{alert}/release")
    await ben.send(f"/alerts/{alert}", f"/alerts/{alert}/claim")
    assert "held by ben" in (await ana.get("/queue")).text


async def test_undoing_opens_it_again(site: Site, clock: FakeClock, alert: int) -> None:
    person = await site.person("ana")
    done = await person.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", then="stay", **REPORTABLE)
    here = done.headers["location"]
    await person.send(here, f"/alerts/{alert}/undo")
    with site.store.read() as session:
        assert session.get_one(Alert, alert).state == "open"
    await person.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", then="stay", **REPORTABLE)
    clock.advance(seconds=30)
    assert f'action="/alerts/{alert}/undo"' not in (await person.get(here)).text


async def test_four_eyes_on_the_page(site: Site, alert: int) -> None:
    ana, apo = await site.person("ana"), await site.person("apo")
    danger = REPORTABLE | {"risk": "danger_now"}
    done = await ana.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", then="stay", **danger)
    page = (await ana.get(done.headers["location"])).text
    assert "waits for a second person" in page
    assert f'action="/alerts/{alert}/confirm"' not in page
    assert site.routed.calls == []
    place = f"/alerts/{alert}?list=second_review"
    assert f'href="{place}"' in (await apo.get("/queue?list=second_review")).text
    assert (await apo.send(place, f"/alerts/{alert}/confirm", reason="seen, agreed")).status_code == 303
    assert site.routed.calls == [(alert, "reportable", True)]


async def test_safeguarding_is_not_for_everybody(site: Site, alert: int) -> None:
    ana, sue = await site.person("ana"), await site.person("sue")
    child = REPORTABLE | {"conduct": "poster_may_be_child", "then": "stay"}
    done = await ana.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", **child)
    assert done.headers["location"] == f"/queue?done={alert}"
    assert "waits for a second person in safeguarding" in (await ana.get(done.headers["location"])).text
    assert (await ana.get(f"/alerts/{alert}")).status_code == 403
    assert (await ana.get("/queue?lane=safeguarding")).status_code == 403
    assert "Safeguarding" not in (await ana.get("/queue")).text
    place = f"/alerts/{alert}?list=second_review&amp;lane=safeguarding"
    assert f'href="{place}"' in (await sue.get("/queue?lane=safeguarding&list=second_review")).text
    assert (await sue.get(f"/alerts/{alert}")).status_code == 200


async def test_it_is_said_that_nothing_leaves(site: Site, alert: int) -> None:
    sue = await site.person("sue")
    child = REPORTABLE | {"conduct": "poster_may_be_child", "then": "stay"}
    done = await sue.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", **child)
    assert "Nothing leaves: the account may need protection" in (await sue.get(done.headers["location"])).text


@pytest.mark.parametrize("name", ["aud", "adm"])
async def test_no_content_for_roles_without_review(site: Site, alert: int, name: str) -> None:
    person = await site.person(name)
    assert (await person.get("/")).headers["location"] == "/coverage"
    for path in ("/queue", f"/alerts/{alert}", "/queue?list=decided"):
        answer = await person.get(path)
        assert answer.status_code == 403
        assert "you do not see alerts" in answer.text
    page = await person.get("/coverage")
    assert page.status_code == 200
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert token
    for path in (f"/alerts/{alert}/reveal", f"/alerts/{alert}/decide", "/claim-next"):
        answer = await person.client.post(path, data={"csrf": token[1], "reveal_reason": "x"} | REPORTABLE)
        assert answer.status_code == 403
        assert "zorblat" not in answer.text


async def test_what_is_not_there(site: Site) -> None:
    person = await site.person("ana")
    for path in ("/alerts/999", "/alerts/99999999999999999999", "/nothing"):
        assert (await person.get(path)).status_code == 404, path
    for path in ("/alerts/x", "/queue?list=x", "/queue?after=x", "/queue?lane=x"):
        assert (await person.get(path)).status_code == 422, path
