"""The fast lane: posts that joined reportable alerts, one by one before a person, who says yes or no to each."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerts.triage import parse_lane
from alerts.triage.records import Lane
from alerts.triage.waiting import Said, WaitingPost
from alerts.web.desk import Desk, Here, Reviewer, Signed
from alerts.web.forms import Form
from alerts.web.problems import Problem
from alerts.web.sessions import LoggedIn
from monitor.errors import AuthError, ConfigError, RefusedError

router = APIRouter(prefix="/waiting")

LISTED: Final = 50
_DONE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")


@router.get("")
def first(request: Request, person: Reviewer, desk: Here, lane: str = Lane.MAIN, done: str = "") -> Response:
    """What waits longest."""
    return _first(request, desk, person, parse_lane(lane), said=_said(desk, person, done))


@router.get("/{alert_id}/{post_id}")
def show(request: Request, alert_id: int, post_id: int, person: Reviewer, desk: Here, undone: bool = False) -> Response:
    """One post that waits, masked; `undone`: a word on it was taken back."""
    try:
        post = desk.fast_lane.post(alert_id, post_id, user=person.name)
    except RefusedError as error:
        return _first(request, desk, person, Lane.MAIN, problem=Problem.of(error))
    return _page(request, desk, person, post.lane, post, undone=undone)


@router.post("/{alert_id}/{post_id}/reveal")
def reveal(request: Request, alert_id: int, post_id: int, person: Reviewer, desk: Here, form: Signed) -> Response:
    """One post in clear; the reveal is committed before this answer is made."""
    try:
        post = desk.fast_lane.reveal(alert_id, post_id, user=person.name, reason=form.text("reveal_reason"))
    except (RefusedError, ConfigError) as error:
        return _again(request, desk, person, form, alert_id, post_id, Problem.of(error))
    return _page(request, desk, person, post.lane, post, clear=True)


@router.post("/{alert_id}/{post_id}/say")
def say(request: Request, alert_id: int, post_id: int, person: Reviewer, desk: Here, form: Signed) -> Response:
    """Yes or no to one post; says so only once it is committed."""
    try:
        _say(desk, person, form, alert_id, post_id)
    except (RefusedError, ConfigError) as error:
        return _again(request, desk, person, form, alert_id, post_id, Problem.of(error))
    return RedirectResponse(address(parse_lane(form.text("lane") or Lane.MAIN), done=f"{alert_id}-{post_id}"), 303)


@router.post("/{alert_id}/{post_id}/undo")
def undo(request: Request, alert_id: int, post_id: int, person: Reviewer, desk: Here, form: Signed) -> Response:
    """Takes one's own yes or no back: the post waits again."""
    try:
        desk.fast_lane.undo(alert_id, post_id, user=person.name)
    except RefusedError as error:
        lane = parse_lane(form.text("lane") or Lane.MAIN)
        return _first(request, desk, person, lane, problem=Problem.of(error))
    return RedirectResponse(f"/waiting/{alert_id}/{post_id}?undone=1", 303)


def _say(desk: Desk, person: LoggedIn, form: Form, alert_id: int, post_id: int) -> None:
    match form.text("answer"):
        case "yes":
            desk.fast_lane.add(alert_id, post_id, user=person.name)
        case "no":
            desk.fast_lane.leave(alert_id, post_id, user=person.name, reason=form.text("reason"))
        case _:
            raise ConfigError("Say yes or no.", kept="Nothing was changed.")


def address(lane: Lane, **more: object) -> str:
    """The address of a lane's list."""
    query: dict[str, object] = ({} if lane is Lane.MAIN else {"lane": lane}) | more
    return f"/waiting?{urlencode(query)}" if query else "/waiting"


def _said(desk: Desk, person: LoggedIn, done: str) -> Said | None:
    found = _DONE.fullmatch(done)
    if found is None:
        return None
    try:
        return desk.fast_lane.said(int(found[1]), int(found[2]), user=person.name)
    except (ConfigError, AuthError):
        return None  # an address that somebody made up


def _again(
    request: Request, desk: Desk, person: LoggedIn, form: Form, alert_id: int, post_id: int, problem: Problem
) -> Response:
    """The same post with what was typed; what waits longest, where it waits no longer."""
    try:
        post = desk.fast_lane.post(alert_id, post_id, user=person.name)
    except RefusedError:
        lane = parse_lane(form.text("lane") or Lane.MAIN)
        return _first(request, desk, person, lane, problem=problem)
    return _page(request, desk, person, post.lane, post, problem=problem, form=form)


def _first(
    request: Request,
    desk: Desk,
    person: LoggedIn,
    lane: Lane,
    *,
    problem: Problem | None = None,
    said: Said | None = None,
) -> Response:
    found = desk.fast_lane.waiting(user=person.name, lane=lane, limit=1)
    return _page(request, desk, person, lane, found[0] if found else None, problem=problem, said=said)


def _page(
    request: Request,
    desk: Desk,
    person: LoggedIn,
    lane: Lane,
    post: WaitingPost | None,
    *,
    clear: bool = False,
    undone: bool = False,
    problem: Problem | None = None,
    said: Said | None = None,
    form: Form | None = None,
) -> Response:
    return desk.page(
        request,
        "waiting.html",
        person=person,
        status=problem.status if problem else 200,
        headers={"HX-Push-Url": "false"} if request.method == "POST" else None,
        lane=lane,
        lines=desk.fast_lane.lines(user=person.name, lane=lane, limit=LISTED),
        whole=desk.fast_lane.count(user=person.name, lane=lane),
        waiting=post,
        clear=clear,
        undone=undone,
        problem=problem,
        said=said,
        answer=form.text("answer") if form else "",
        reason=form.text("reason") if form else "",
        here=address(lane),
        request_id=request.state.request_id,
    )
