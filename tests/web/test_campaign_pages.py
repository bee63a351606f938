"""Campaigns on the page: growth, posts, groups; suggestions; merging, dismissing, splitting; what alerts say."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from alerts.handles import Linking
from alerts.verdicts import Conduct, Risk, Verdict
from monitor.hits import Hit, Screened
from monitor.intake import Intake
from monitor.ports import Recheck, Standing
from monitor.post import Author, PostRef
from monitor.rechecking import follow
from monitor.store.database import Store
from monitor.store.tables import Alert, Campaign, Occurrence, Reveal, Suggestion
from tests.conftest import FakeClock
from tests.support.posts import hit, post
from tests.support.reviewing import exactly, screening, take_in
from tests.support.site import Site, form_of, make_site
from tests.web.test_security import assert_inert

SECRETS = ("zorblat", "quibbern", "vexilorp", "taboo", "nolimits", "https://examplenet")
ONE, OTHER = "trade taboo and nolimits here, wickr: {}", "into nolimits now, wickr: {}"


def day(number: int) -> datetime:
    return datetime(2026, 9, number, 12, tzinfo=UTC)


@pytest.fixture
def campaign(site: Site) -> Site:
    """Campaign 1 (posts 1, 3, 4; 4 has another handle), campaign 2 (post 2); post 4 is like both."""
    take_in(site.store, hit(1, text=ONE.format("zorblat77"), created_at=day(1)))
    take_in(site.store, hit(2, text=OTHER.format("quibdrem"), created_at=day(2)))
    take_in(site.store, hit(3, text=ONE.format("zorblat77"), created_at=day(2), author=Author(id="b", handle="vexil")))
    moved = hit(4, text=ONE.format("vexilorp9"), platform="othernet", created_at=day(5))
    hits = [Hit(post=moved, screening=screening(moved), wording=exactly("trade taboo and nolimits here, "))]
    Intake(site.store).commit(Screened(posts=1, hits=hits), source="sample")
    with site.store.write() as session:
        session.add(Suggestion(campaign_id=1, other_id=2, post_id=4, suggested_at=site.store.now()))
    return site


def where(site: Site) -> dict[int, int]:
    with site.store.read() as session:
        return dict(session.exec(select(Occurrence.post_id, Occurrence.campaign_id)).all())


def assert_masked(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text.lower(), secret


async def test_a_campaign_says_how_it_grew_masked(campaign: Site) -> None:
    page = await (await campaign.person("ana")).get("/campaigns/1")
    assert page.status_code == 200
    assert_masked(page.text)
    assert_inert(page.text)
    assert "3 posts by 3 accounts on examplenet, othernet; first" in page.text
    assert page.text.count('<rect class="more"') == 3
    assert '<th scope="row">2026-09-05</th><td class="number">1</td>' in page.text
    assert len(set(re.findall(r"handle (H-\w{6})", page.text))) == 2
    assert page.text.count('<span class="mask account">') == 7
    assert "Campaign 2</a>" in page.text
    assert 'name="group-4"' in page.text
    assert 'name="group-1"' not in page.text


async def test_its_handles_lead_to_their_records(campaign: Site) -> None:
    person = await campaign.person("ana")
    page = (await person.get("/campaigns/1")).text
    for tag in sorted(set(re.findall(r'name="tag" value="(H-\w{6})"', page))):
        form = form_of(page, "/alerts/1/handle") | {"tag": tag}
        answer = await person.client.post("/alerts/1/handle", data=form)
        assert answer.status_code == 303
        assert (await person.get(answer.headers["location"])).status_code == 200
    wrong = form_of(page, "/alerts/1/handle") | {"tag": "H-000000"}
    assert (await person.client.post("/alerts/1/handle", data=wrong)).status_code == 404


async def test_a_reveal_of_a_campaign_is_logged(campaign: Site) -> None:
    person = await campaign.person("ana")
    nothing = await person.send("/campaigns/1", "/campaigns/1/reveal", reveal_reason=" ")
    assert nothing.status_code == 422
    assert_masked(nothing.text)
    page = await person.send("/campaigns/1", "/campaigns/1/reveal", reveal_reason="the addresses")
    assert page.status_code == 200
    assert "https://examplenet.example/post-3" in page.text
    assert "vexilorp9" in page.text
    with campaign.store.read() as session:
        (row,) = session.exec(select(Reveal))
        assert (row.alert_id, row.user, row.reason) == (1, "ana", "the addresses")
    assert_masked((await person.get("/campaigns/1")).text)


async def test_many_posts_are_in_pages(site: Site) -> None:
    take_in(site.store, *(hit(number) for number in range(1, 54)))
    person = await site.person("ana")
    first, second = (await person.get("/campaigns/1")).text, (await person.get("/campaigns/1?page=2")).text
    assert "(50 of 53)" in first
    assert '<a href="/campaigns/1?page=2" rel="next">Older</a>' in first
    rows = [set(re.findall(r'<tr><th scope="row">(\d+)</th><td>examplenet', page)) for page in (first, second)]
    assert (len(rows[0]), len(rows[1]), len(rows[0] | rows[1])) == (50, 3, 53)
    assert (await person.get("/campaigns/1?page=99")).status_code == 200
    assert (await person.get("/campaigns/1?page=x")).status_code == 422


async def test_a_suggestion_is_merged_and_can_be_undone(campaign: Site) -> None:
    person = await campaign.person("ana")
    page = await person.get("/campaigns")
    assert_masked(page.text)
    assert_inert(page.text)
    assert page.text.count('<div class="side-by-side">') == 3
    refused = await person.send("/campaigns", "/campaigns/suggestions/1/merge", reason=" ")
    assert (refused.status_code, "say why" in refused.text) == (422, True)
    answer = await person.send("/campaigns", "/campaigns/suggestions/1/merge", reason="the same advert")
    assert (answer.status_code, answer.headers["location"]) == (303, "/campaigns/1?did=merge&done=2")
    assert where(campaign) == {1: 1, 2: 1, 3: 1, 4: 1}
    page = await person.get(answer.headers["location"])
    assert "The two are one campaign now" in page.text
    assert 'action="/alerts/2/undo"' in page.text
    assert "Nothing is suggested" in (await person.get("/campaigns")).text
    # Numbers that were given out lead to where the posts are.
    old = await person.get("/campaigns/c2")
    assert "Campaign 2 was merged: its posts are part of campaign 1." in old.text
    assert "merged</a>" not in old.text
    alert = (await person.get("/alerts/2?list=decided")).text
    assert 'its posts are part of <a href="/alerts/1">alert 1</a> now' in alert
    assert "0 posts" not in alert
    await person.send("/campaigns/1?did=merge&done=2", "/alerts/2/undo")
    assert where(campaign) == {1: 1, 2: 2, 3: 1, 4: 1}
    assert "took the merge back" in (await person.get("/campaigns/1")).text


async def test_a_suggestion_is_dismissed(campaign: Site) -> None:
    person = await campaign.person("ana")
    form = form_of((await person.get("/campaigns/1")).text, "/campaigns/suggestions/1/merge")
    answer = await person.client.post("/campaigns/suggestions/1/dismiss", data=form | {"reason": "two adverts"})
    assert answer.headers["location"] == "/campaigns/1?did=dismiss"
    page = (await person.get(answer.headers["location"])).text
    assert "They stay apart" in page
    assert "keeps it apart from" in page
    assert "Suggested to merge" not in page
    again = await person.client.post("/campaigns/suggestions/1/dismiss", data=form | {"reason": "two adverts"})
    assert again.status_code == 409
    outside = await person.client.post(
        "/campaigns/suggestions/1/dismiss", data=form | {"reason": "x", "back": "//elsewhere.example"}
    )
    assert outside.status_code == 409
    assert "location" not in outside.headers


async def test_groups_are_split_off(campaign: Site) -> None:
    person = await campaign.person("ana")
    none = await person.send("/campaigns/1", "/campaigns/1/split", reason="another advert")
    assert (none.status_code, "Choose the groups" in none.text) == (422, True)
    answer = await person.send("/campaigns/1", "/campaigns/1/split", reason="another advert", **{"group-4": "on"})
    assert answer.headers["location"] == "/campaigns/3?did=split"
    assert where(campaign) == {1: 1, 2: 2, 3: 1, 4: 4}
    assert "a campaign of its own now, with alert 3" in (await person.get(answer.headers["location"])).text


async def test_any_two_are_merged_by_their_numbers(campaign: Site) -> None:
    person = await campaign.person("ana")
    wrong = await person.send("/campaigns/1", "/campaigns/1/merge", other="c99", reason="the same")
    assert wrong.status_code == 422
    assert 'value="c99"' in wrong.text
    answer = await person.send("/campaigns/2", "/campaigns/2/merge", other="1", reason="the same")
    assert answer.headers["location"] == "/campaigns/1?did=merge&done=2"


async def test_safeguarding_is_for_its_leads_alone(campaign: Site) -> None:
    with campaign.store.write() as session:
        session.get_one(Alert, 2).lane = "safeguarding"
    ana, sue = await campaign.person("ana"), await campaign.person("sue")
    for path in ("/campaigns/2", "/campaigns/c2"):
        assert (await ana.get(path)).status_code == 403
    assert "Nothing is suggested" in (await ana.get("/campaigns")).text
    assert "Suggested to merge" not in (await ana.get("/campaigns/1")).text
    assert "Suggestion 1" in (await sue.get("/campaigns")).text
    form = form_of((await ana.get("/queue")).text, "/logout")
    for path in ("2/reveal", "2/merge", "2/split", "suggestions/1/dismiss"):
        asked = {"reveal_reason": "x", "reason": "x", "other": "1", "group-2": "on"}
        assert (await ana.client.post(f"/campaigns/{path}", data=form | asked)).status_code == 403, path


async def test_what_is_merged_into_safeguarding_is_not_shown_by_its_old_number(campaign: Site) -> None:
    person = await campaign.person("ana")
    await person.send("/campaigns", "/campaigns/suggestions/1/merge", reason="the same advert")
    with campaign.store.write() as session:
        session.get_one(Alert, 1).lane = "safeguarding"
    for path in ("/alerts/1", "/alerts/2", "/campaigns/2", "/campaigns/c2"):
        assert (await person.get(path)).status_code == 403, path
    assert (await (await campaign.person("sue")).get("/alerts/2")).status_code == 200


@pytest.mark.parametrize("name", ["aud", "adm"])
async def test_it_is_not_for_roles_without_review(campaign: Site, name: str) -> None:
    person = await campaign.person(name)
    for path in ("/campaigns", "/campaigns/1"):
        assert (await person.get(path)).status_code == 403


async def test_what_there_is_not(campaign: Site) -> None:
    person = await campaign.person("ana")
    for path in ("/campaigns/99", "/campaigns/c99", "/campaigns/c9999999999"):
        assert (await person.get(path)).status_code == 404
    assert (await person.get("/campaigns/x")).status_code == 422


async def test_an_alert_says_why_it_is_here_and_what_came_back(site: Site, clock: FakeClock) -> None:
    take_in(site.store, hit(1))
    site.triage.decide(1, version=1, verdict=Verdict.NOT_REPORTABLE, reason="harmless", user="ana")
    follow(
        site.store,
        [Recheck(ref=PostRef("examplenet", "post-1"), standing=Standing.REMOVED_BY_PLATFORM)],
        actor="system:recheck",
    )
    clock.advance(days=3)
    take_in(site.store, hit(2, handle="zorblat77", created_at=None))
    take_in(site.store, hit(3, handle="zorblat77", platform="othernet", created_at=None))
    person = await site.person("ana")
    page = (await person.get("/alerts/1")).text
    assert "raised again" in page
    assert "because of another platform" in page
    assert re.search(r"A handle: gone from examplenet on\s*<time[^>]*>[\d-]+</time>, back after 3\.0 days", page)
    assert "in its parts" in page
    assert "came back: " in page
    assert '<a href="/campaigns/1">Its campaign' in page
    assert "Returns" in (await person.get("/campaigns/1")).text


async def test_an_alert_says_what_waits(site: Site) -> None:
    choice: dict[str, Any] = {"conduct": Conduct.OFFERS_OR_ASKS_MATERIAL, "risk": Risk.TRADE}
    take_in(site.store, hit(1))
    site.triage.decide(1, version=1, verdict=Verdict.REPORTABLE, reason="seen", user="ana", **choice)
    take_in(site.store, hit(2))
    person = await site.person("ana")
    assert "1 post joined since and waits for a yes or no" in (await person.get("/alerts/1")).text
    assert '<a href="/waiting/1/2">waits for a yes</a>' in (await person.get("/campaigns/1")).text


async def test_terms_are_obeyed(sqlite_store: Store, clock: FakeClock) -> None:
    """A return over platforms that may not be linked is not shown; posts are not counted by account where forbidden."""
    terms = Linking(unlinked_platforms=frozenset({"othernet"}), unprofiled_platforms=frozenset({"examplenet"}))
    site = make_site(sqlite_store, linking=terms)
    take_in(site.store, hit(1))
    follow(site.store, [Recheck(ref=PostRef("examplenet", "post-1"), standing=Standing.UNAVAILABLE)], actor="x")
    clock.advance(days=3)
    take_in(site.store, post(2, text=OTHER.format("zorblat77"), platform="othernet", created_at=None))
    person = await site.person("ana")
    page = (await person.get("/campaigns/2")).text
    assert "gone from" not in page
    assert "gone from" not in (await person.get("/alerts/2")).text
    first = (await person.get("/campaigns/1")).text
    assert "No number where a platform's terms forbid" in first
    with site.store.read() as session:
        assert session.exec(select(Campaign.id).order_by(col(Campaign.id))).all() == [1, 2]
