"""Campaigns: one with its growth, posts and groups; what is suggested to merge; merging, dismissing, splitting."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerts.campaigns import CampaignPage, Done
from alerts.handles.records import DaySeen
from alerts.web.desk import Desk, Here, Reviewer, Signed
from alerts.web.forms import Form
from alerts.web.place import Place
from alerts.web.problems import Problem
from alerts.web.sessions import LoggedIn
from alerts.web.timeline import timeline
from monitor.errors import ConfigError, RefusedError

router = APIRouter(prefix="/campaigns")

_REFERENCE = re.compile(r"c?[0-9]{1,9}")
_GROUP = re.compile(r"group-([0-9]{1,9})")
_DID = ("merge", "dismiss", "split")


@router.get("")
def suggestions(request: Request, person: Reviewer, desk: Here, did: str = "") -> Response:
    """Pairs of campaigns that a post is like: merge them, or say that they stay apart."""
    return _suggestions(request, desk, person, did=did)


@router.get("/{reference}")
def show(
    request: Request,
    person: Reviewer,
    desk: Here,
    reference: str,
    page: int = 1,
    did: str = "",
    done: int | None = None,
) -> Response:
    """One campaign, masked: by its alert's number, or its own ("c12")."""
    found = desk.campaigns.page(reference, user=person.name, page=page)
    return _page(request, desk, person, found, did=did, done=done)


@router.post("/{reference}/reveal")
def reveal(request: Request, person: Reviewer, desk: Here, form: Signed, reference: str) -> Response:
    """One campaign in clear; the reveal is committed before this answer is made."""
    try:
        found = desk.campaigns.reveal(
            reference, user=person.name, reason=form.text("reveal_reason"), page=form.number("page") or 1
        )
    except (RefusedError, ConfigError) as error:
        found = desk.campaigns.page(reference, user=person.name)
        return _page(request, desk, person, found, problem=Problem.of(error), form=form)
    return _page(request, desk, person, found)


@router.post("/{reference}/merge")
def merge(request: Request, person: Reviewer, desk: Here, form: Signed, reference: str) -> Response:
    """Makes the younger of two campaigns part of the older one."""

    def act() -> Done:
        return desk.campaigns.merge(reference, form.text("other"), user=person.name, reason=form.text("reason"))

    return _act(request, desk, person, form, reference, act)


@router.post("/{reference}/split")
def split(request: Request, person: Reviewer, desk: Here, form: Signed, reference: str) -> Response:
    """Makes the chosen groups a campaign of their own."""

    def act() -> Done:
        groups = [int(found[1]) for name in form.names if (found := _GROUP.fullmatch(name))]
        if not groups:
            raise ConfigError("Choose the groups that are to leave.", kept="Nothing was changed.")
        return desk.campaigns.split(reference, groups, user=person.name, reason=form.text("reason"))

    return _act(request, desk, person, form, reference, act)


@router.post("/suggestions/{number}/merge")
def take(request: Request, person: Reviewer, desk: Here, form: Signed, number: int) -> Response:
    """Merges what was suggested."""

    def act() -> Done:
        seen = [form.text("one"), form.text("other")]
        return desk.campaigns.merge_suggested(number, seen=seen, user=person.name, reason=form.text("reason"))

    return _act(request, desk, person, form, form.text("back"), act)


@router.post("/suggestions/{number}/dismiss")
def dismiss(request: Request, person: Reviewer, desk: Here, form: Signed, number: int) -> Response:
    """Says that two campaigns are not one."""

    def act() -> Done:
        return desk.campaigns.dismiss(number, user=person.name, reason=form.text("reason"))

    return _act(request, desk, person, form, form.text("back"), act)


def _act(request: Request, desk: Desk, person: LoggedIn, form: Form, back: str, act: Callable[[], Done]) -> Response:
    """Does it, then shows what came of it; where it is refused, the page that asked, with what was typed."""
    try:
        done = act()
    except (RefusedError, ConfigError) as error:
        problem = Problem.of(error)
        if _REFERENCE.fullmatch(back) is None:
            return _suggestions(request, desk, person, problem=problem, form=form)
        found = desk.campaigns.page(back, user=person.name)
        return _page(request, desk, person, found, problem=problem, form=form)
    if done.kind == "dismiss":
        here = f"/campaigns/{back}" if _REFERENCE.fullmatch(back) else "/campaigns"
        return RedirectResponse(f"{here}?did=dismiss", 303)
    decided = f"&done={done.decided}" if done.decided else ""
    return RedirectResponse(f"/campaigns/{done.alert_id}?did={done.kind}{decided}", 303)


def _suggestions(
    request: Request,
    desk: Desk,
    person: LoggedIn,
    *,
    did: str = "",
    problem: Problem | None = None,
    form: Form | None = None,
) -> Response:
    return desk.page(
        request,
        "suggestions.html",
        person=person,
        status=problem.status if problem else 200,
        headers=_stay(request),
        found=desk.campaigns.suggested(user=person.name),
        did=did if did in _DID else "",
        problem=problem,
        reason=form.text("reason") if form else "",
        request_id=request.state.request_id,
    )


def _page(
    request: Request,
    desk: Desk,
    person: LoggedIn,
    found: CampaignPage,
    *,
    did: str = "",
    done: int | None = None,
    problem: Problem | None = None,
    form: Form | None = None,
) -> Response:
    days = [DaySeen(day=day, posts=posts) for day, posts in found.view.growth.days]
    return desk.page(
        request,
        "campaign.html",
        person=person,
        status=problem.status if problem else 200,
        headers=_stay(request),
        found=found,
        campaign=found.view,
        own=f"/campaigns/{found.view.alert_id}",
        place=Place(),
        timeline=timeline(days, found.returns),
        outcome=desk.triage.outcome(done, user=person.name) if done else None,
        did=did if did in _DID else "",
        problem=problem,
        form=form or Form({}),
        request_id=request.state.request_id,
    )


def _stay(request: Request) -> dict[str, str] | None:
    """An answer to a form keeps the address that the reader is at."""
    return {"HX-Push-Url": "false"} if request.method == "POST" else None
