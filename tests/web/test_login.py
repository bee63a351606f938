from __future__ import annotations

import re

import pytest
from sqlmodel import select

from monitor.store.tables import WebSession
from tests.conftest import FakeClock
from tests.support.site import PASSWORD, Site, form_of, value_of


async def test_nothing_is_shown_to_nobody(site: Site) -> None:
    visitor = site.visitor()
    for path in ("/", "/queue", "/alerts/1", "/coverage", "/help"):
        answer = await visitor.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")
    for path in ("/alerts/1/decide", "/alerts/1/reveal", "/claim-next", "/logout", "/looks"):
        answer = await visitor.client.post(path, data={"csrf": "x"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_log_in_and_out(site: Site) -> None:
    visitor = site.visitor()
    await visitor.get("/alerts/1?list=decided")
    page = await visitor.get("/login?wanted=/alerts/1%3Flist%3Ddecided")
    values = {"login_token": value_of(page.text, "login_token"), "wanted": value_of(page.text, "wanted")}
    answer = await visitor.client.post("/login", data=values | {"name": "ANA ", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts/1?list=decided")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("handlewatch_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    token = cookie.split("=", 1)[1].split(";")[0]
    with site.store.read() as session:
        (row,) = session.exec(select(WebSession))
        assert token.encode() not in row.token_hash
    assert (await visitor.get("/login")).headers["location"] == "/"
    assert (await visitor.send("/queue", "/logout")).headers["location"] == "/login"
    visitor.client.cookies.set("handlewatch_session", token)
    assert (await visitor.get("/queue")).status_code == 303
    assert [action for _, action, _ in site.audited()] == ["user.login", "user.logout"]


@pytest.mark.parametrize(
    "wanted", ["//evil.test", "https://evil.test", "/\\evil.test", "/login", "/a b", "javascript:x"]
)
async def test_a_log_in_leads_only_to_our_own_pages(site: Site, wanted: str) -> None:
    visitor = site.visitor()
    page = await visitor.get("/login", params={"wanted": wanted})
    assert value_of(page.text, "wanted") == "/"
    values = {"login_token": value_of(page.text, "login_token"), "wanted": wanted}
    answer = await visitor.client.post("/login", data=values | {"name": "ana", "password": PASSWORD})
    assert answer.headers["location"] == "/"


async def test_a_wrong_name_and_a_wrong_password_are_told_alike(site: Site) -> None:
    visitor = site.visitor()
    answers = [await visitor.log_in("ana", "wrong password here"), await visitor.log_in("nobody", PASSWORD)]
    assert [answer.status_code for answer in answers] == [401, 401]
    told = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert told[0] == told[1]
    with site.store.read() as session:
        from monitor.store.tables import AuditRow

        subjects = [row.subject for row in session.exec(select(AuditRow).where(AuditRow.action == "user.login_failed"))]
    assert subjects == ["user:ana", "user:unknown"]


async def test_attempts_are_limited_by_name(site: Site, clock: FakeClock) -> None:
    visitor = site.visitor()
    for _ in range(5):
        assert (await visitor.log_in("ana", "wrong password here")).status_code == 401
    refused = await visitor.log_in("ana")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 301
    assert (await visitor.log_in("ben")).status_code == 303
    clock.advance(minutes=6)
    assert (await site.visitor().log_in("ana")).status_code == 303


async def test_attempts_are_limited_by_address(site: Site) -> None:
    visitor = site.visitor()
    for number in range(20):
        await visitor.log_in(f"nobody{number}", "wrong password here")
    assert (await visitor.log_in("ana")).status_code == 429


async def test_a_log_in_form_from_elsewhere_is_refused(site: Site) -> None:
    visitor = site.visitor()
    values = {"name": "ana", "password": PASSWORD, "login_token": "x"}
    assert (await visitor.client.post("/login", data=values)).status_code == 403
    visitor.client.cookies.set("handlewatch_login", "y")
    assert (await visitor.client.post("/login", data=values)).status_code == 403


async def test_a_session_ends(site: Site, clock: FakeClock) -> None:
    visitor = await site.person("ana")
    clock.advance(hours=13)
    assert (await visitor.get("/queue")).status_code == 303
    again = await site.person("ana")
    site.app.state.desk.users.disable("ana", by="adm")
    assert (await again.get("/queue")).status_code == 303
    with site.store.read() as session:
        assert session.exec(select(WebSession)).all() == []


async def test_forms_need_the_token_and_the_right_origin(site: Site) -> None:
    visitor = await site.person("ana")
    token = form_of((await visitor.get("/queue")).text, "/claim-next")["csrf"]
    assert (await visitor.client.post("/claim-next", data={"lane": "main"})).status_code == 403
    assert (await visitor.client.post("/claim-next", data={"csrf": token + "x"})).status_code == 403
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://evil.test"}):
        answer = await visitor.client.post("/claim-next", data={"csrf": token}, headers=headers)
        assert answer.status_code == 403
        assert "another site" in answer.text
    assert (await visitor.client.post("/claim-next", json={"csrf": token})).status_code == 422
    for headers in ({"origin": "null", "sec-fetch-site": "same-origin"}, {"origin": "http://page.test"}):
        assert (await visitor.client.post("/claim-next", data={"csrf": token}, headers=headers)).status_code == 303
    other = await site.person("ben")
    assert (await other.client.post("/claim-next", data={"csrf": token})).status_code == 403


async def test_looks_are_kept_in_the_browser(site: Site) -> None:
    visitor = await site.person("ana")
    assert 'data-keys="on"' in (await visitor.get("/help")).text
    await visitor.send("/help", "/looks", theme="dark")
    page = (await visitor.get("/help")).text
    assert '<html lang="en" data-theme="dark">' in page
    assert 'data-keys="off"' in page
    await visitor.send("/help", "/looks", theme='"><script>', keys="on")
    page = (await visitor.get("/help")).text
    assert '<html lang="en">' in page
    assert 'data-keys="on"' in page
