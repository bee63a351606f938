"""The review page over a store, and people who use it through HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx
from argon2 import PasswordHasher
from sqlmodel import col, select

from alerts.campaigns import Campaigns
from alerts.handles import HandleRecords, Linking
from alerts.triage import FastLane, Triage
from alerts.users import Users
from alerts.web.app import create_app
from monitor.detect.bundle import load_bundle
from monitor.settings import Settings
from monitor.store.database import Store
from monitor.store.tables import AuditRow
from tests.support.reviewing import PEOPLE, Routed, make_triage

PASSWORD = "four neutral random words"
APPS = load_bundle().apps
WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""argon2id at its cheapest: these tests are not about its strength."""


@dataclass
class Site:
    """The page, its store, and what routing was told."""

    store: Store
    triage: Triage
    routed: Routed
    app: Any

    def visitor(self) -> Visitor:
        """Somebody's browser, not logged in."""
        transport = httpx.ASGITransport(app=self.app, client=("127.0.0.1", 1234))
        return Visitor(httpx.AsyncClient(transport=transport, base_url="http://page.test"))

    async def person(self, name: str) -> Visitor:
        """Somebody's browser, logged in."""
        visitor = self.visitor()
        answer = await visitor.log_in(name)
        assert answer.status_code == 303, answer.text
        return visitor

    def audited(self) -> list[tuple[str, str, str]]:
        """What people did, oldest first."""
        with self.store.read() as session:
            rows = session.exec(select(AuditRow).order_by(col(AuditRow.id)))
            return [(row.actor, row.action, row.subject) for row in rows if not row.actor.startswith("system:s")]


class Visitor:
    """Reads pages and fills in their forms, as a browser without JavaScript does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.client.get(path, **more)

    async def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        page = await self.get("/login")
        values = {"login_token": value_of(page.text, "login_token"), "wanted": value_of(page.text, "wanted")}
        return await self.client.post("/login", data=values | {"name": name, "password": password})

    async def send(self, page: str, action: str, **values: Any) -> httpx.Response:
        """Opens a page, and sends the form with that action with these values beside its hidden ones."""
        form = form_of((await self.get(page)).text, action)
        return await self.client.post(action, data=form | {name: str(value) for name, value in values.items()})


def form_of(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form with that action."""
    match = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert match, f"no form {action}"
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', match[1])
    }


def value_of(page: str, name: str) -> str:
    """The value of a hidden field."""
    match = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert match, f"no field {name}"
    return unescape(match[1])


def make_site(store: Store, *, linking: Linking | None = None, **review: Any) -> Site:
    """A page over a store with all people in it."""
    users = Users(store, hasher=WEAK)
    for name, role in PEOPLE.items():
        users.seed(name, role=role, password=PASSWORD, part="sample")
    routed = Routed()
    triage = make_triage(store, routed, linking=linking, **review)
    settings = Settings(home=store_home())
    handles = HandleRecords(store, apps=lambda: APPS, linking=linking or Linking())
    app = create_app(
        store=store,
        triage=triage,
        fast_lane=FastLane(store, route=routed.enqueue, undo_seconds=settings.review.undo_seconds),
        campaigns=Campaigns(store, triage, linking=linking),
        handles=handles,
        settings=settings,
    )
    app.state.desk.users = users
    return Site(store=store, triage=triage, routed=routed, app=app)


def store_home() -> Any:
    """A home folder that the page never touches."""
    from pathlib import Path

    return Path("nowhere")
