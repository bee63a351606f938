"""A Mastodon-compatible server's report API as it was recorded: Mastodon's source, a GoToSocial, a snac2."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.net.bodies import TextType
from monitor.net.http import open_plain_client

TOKEN = "fake-token"
HOME = "https://home.example"
REMOTE_POST = {
    "id": "501",
    "uri": "https://remote.example/users/quibbern04/statuses/7",
    "url": "https://remote.example/@quibbern04/7",
    "account": {"id": "42", "acct": "quibbern04@remote.example"},
}
LOCAL_POST = {
    "id": "77",
    "uri": "https://home.example/users/mubble/statuses/77",
    "url": "https://home.example/@mubble/77",
    "account": {"id": "43", "acct": "mubble"},
}


@dataclass
class FakeMastodon:
    """The server of the reporting account.

    :param flavour: "mastodon", "old" (before 4.2: no category `legal`), "gotosocial" or "snac".
    :param answers: what the next calls of POST /api/v1/reports answer instead, one after the other.
    """

    flavour: str = "mastodon"
    posts: list[dict[str, Any]] = field(default_factory=lambda: [REMOTE_POST, LOCAL_POST])
    gone: set[str] = field(default_factory=set[str])
    answers: list[Response] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/v2/search", self.search),
                Route("/api/v1/accounts/lookup", self.lookup),
                Route("/api/v1/statuses/{id}", self.status),
                Route("/api/v1/reports", self.report, methods=["POST"]),
            ]
        )

    def _refused(self, request: Request) -> Response | None:
        self.calls.append(f"{request.method} {request.url.path}")
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": "The access token is invalid"}, 401)
        return None

    async def search(self, request: Request) -> Response:
        query = request.query_params
        if refused := self._refused(request):
            return refused
        posts = self.posts
        if self.flavour == "gotosocial":  # "search by URL of a local post (empty)"
            posts = [post for post in posts if not post["uri"].startswith(HOME)]
        found = [post for post in posts if query["q"] in {post["url"], post["uri"]}]
        accounts = [post["account"] for post in self.posts if f"@{post['account']['acct']}" == query["q"]]
        wanted = query.get("type")
        return JSONResponse(
            {
                "statuses": found if wanted == "statuses" else [],
                "accounts": accounts if wanted == "accounts" else [],
                "hashtags": [],
            }
        )

    async def lookup(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        for post in self.posts:
            if post["account"]["acct"] == request.query_params["acct"] and self.flavour != "gotosocial":
                return JSONResponse(post["account"])
        return JSONResponse({"error": "Record not found"}, 404)

    async def status(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        for post in self.posts:
            if post["id"] == request.path_params["id"]:
                return JSONResponse(post)
        return JSONResponse({"error": "Record not found"}, 404)

    async def report(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        form = await request.form()
        sent: dict[str, Any] = {name: str(form[name]) for name in form if name != "status_ids[]"}
        sent["status_ids"] = [str(value) for value in form.getlist("status_ids[]")]
        self.attempts.append(sent)
        if self.answers:
            return self.answers.pop(0)
        return self._judge(sent)

    def _judge(self, sent: dict[str, Any]) -> Response:
        if self.flavour == "snac":
            return JSONResponse({"error": "Unprocessable"}, 422)
        accounts = {post["account"]["id"] for post in self.posts}
        if sent["account_id"] not in accounts:
            if self.flavour == "gotosocial":
                error = f"Bad Request: account with ID {sent['account_id']} does not exist"
                return JSONResponse({"error": error}, 400)
            return JSONResponse({"error": "Record not found"}, 404)
        if len(sent["comment"]) > 1000:
            return JSONResponse({"error": "Validation failed: Comment is too long (maximum is 1000 characters)"}, 422)
        if self.flavour == "old" and sent["category"] == "legal":
            return JSONResponse({"error": "'legal' is not a valid category"}, 400)
        if set(sent["status_ids"]) & self.gone:
            return JSONResponse({"error": "Record not found"}, 404)
        self.reports.append(sent)
        category = "other" if self.flavour == "gotosocial" else sent["category"]
        forwarded = sent["forward"] == "true" and self.flavour != "gotosocial"
        return JSONResponse({"id": str(900 + len(self.reports)), "category": category, "forwarded": forwarded})

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """The client that reports are sent with, over this server instead of the network."""
        transport = httpx.ASGITransport(app=self.app())
        async with open_plain_client(user_agent="test", accepts={TextType.JSON}, transport=transport) as client:
            yield client
