"""X's API v2 as both its sources use it: asking, what it costs, its refusals, and looking posts up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast

import httpx
from pydantic import Field, SecretStr

from monitor.errors import AuthError, HandlewatchError, RateLimitedError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get_json
from monitor.net.polite import HAND_ON
from monitor.ports import BadRecord, Known, Recheck, SourceContext, Standing
from monitor.post import Post, text_hash
from monitor.sourcing import Address, SourceOptions
from sources.budget import DailyBudget
from sources.shapes import as_dict, as_id, as_list, as_text
from sources.x_posts import UnusablePostError, Written, authors_of, by_age

AT_ONCE: Final = 100
"""Most posts of a page, and of a look-up."""

_LOOKUP: Final = "/2/tweets"
_CAPPED: Final = b"usage-capped"
_CAPPED_SECONDS: Final = 6 * 3600.0
_FIELDS: Final = (
    "id,text,created_at,author_id,lang,entities,conversation_id,in_reply_to_user_id,community_id,attachments,"
    "edit_history_{it}_ids,referenced_{it}s,note_{it}"
)
_WORDS: Final = "id,text,entities,edit_history_{it}_ids,note_{it}"
"""What a re-check compares. It asks for no authors: reading one costs twice what the post does."""
_USER_FIELDS: Final = "id,username,name,description,entities"
_GONE: Final = {
    "resource-not-found": (Standing.UNAVAILABLE, "X does not find it: deleted, or its account is gone"),
    "not-authorized-for-resource": (Standing.UNKNOWN, "X does not show it to us: protected, or suspended"),
}


class XAccess(SourceOptions):
    """What both sources of X need: a token, and what may be spent."""

    base_url: Address = Field("https://api.x.com", description="The API's address.")
    bearer_token: SecretStr | None = Field(
        None,
        description="Bearer token of the project that X approved for this use; X shows nothing without.",
        json_schema_extra={"env": ["X_BEARER_TOKEN", "BEARER_TOKEN"]},
    )
    field_names: Literal["tweet", "post"] = Field(
        "tweet", description="How the API calls posts in the names of fields: X is renaming them. Both are understood."
    )
    usd_a_day: float = Field(
        10, gt=0, description="Most dollars a day; of several queries, the last stops when half is spent."
    )
    usd_per_post: float = Field(0.005, ge=0, description="What reading a post costs.")
    usd_per_user: float = Field(0.010, ge=0, description="What reading an account costs.")


class XApi:
    """Asks X. Errors are those of `collect`."""

    def __init__(self, options: XAccess, context: SourceContext) -> None:
        self._options, self._context = options, context
        token = options.bearer_token.get_secret_value() if options.bearer_token else ""
        self.headers = {"Authorization": f"Bearer {token.removeprefix('Bearer ')}"} if token else {}
        self.base_url = options.base_url.removesuffix("/2")
        self.budget = DailyBudget(options.usd_a_day, unit="dollars", clock=context.clock)
        self.fields = {
            f"{options.field_names}.fields": _FIELDS.format(it=options.field_names),
            "user.fields": _USER_FIELDS,
            "expansions": "author_id",
        }
        self._words = {f"{options.field_names}.fields": _WORDS.format(it=options.field_names)}

    @property
    def each(self) -> float:
        """What a post and its author cost, in dollars; 0 where nothing is to be reckoned with."""
        return 0.0 if self._free else self._options.usd_per_post + self._options.usd_per_user

    @property
    def _free(self) -> bool:
        return self._context.loopback and "usd_a_day" not in self._options.model_fields_set

    def pay(self, answer: Mapping[str, Any]) -> None:
        """Counts what an answer cost; the same post or account is billed once a day, which is not reckoned with."""
        data, users = answer.get("data"), as_list(as_dict(answer.get("includes")).get("users"))
        posts = 1 if isinstance(data, dict) else len(as_list(data))
        self.budget.spend(posts * self._options.usd_per_post + len(users) * self._options.usd_per_user)

    def posts(self, answer: Mapping[str, Any]) -> tuple[list[Written], list[BadRecord]]:
        """The posts of an answer, and what could not be used; one post that is not in a list is one, too.

        Of several versions of a post, the newest.
        """
        users, now = authors_of(answer), self._context.clock()
        data: Any = answer.get("data")
        posts, bad = dict[str, Written](), list[BadRecord]()
        for raw in (data,) if as_dict(data) else as_list(data):
            try:
                post = Written(as_dict(raw), users, seen_at=now)
                other = posts.get(post.id)
                if other is None or by_age(other.number) < by_age(post.number):
                    posts[post.id] = post
            except UnusablePostError as error:
                bad.append(BadRecord(where=f"post {as_id(as_dict(raw).get('id')) or '?'}", why=str(error)))
        return list(posts.values()), bad

    async def get(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """What X answers."""
        answer, _ = await self.ask(path, params)
        return answer

    async def ask(self, path: str, params: Mapping[str, str]) -> tuple[Mapping[str, Any], httpx.Response]:
        """The same, with its response."""
        try:
            answer, response = await get_json(
                self._context.http,
                self.base_url + path,
                params=params,
                headers=self.headers,
                extensions={HAND_ON: is_capped},
            )
        except StatusError as error:
            raise worded(error) from error
        if not isinstance(answer, dict) or not {"data", "meta", "errors"} & set(cast("Mapping[str, Any]", answer)):
            raise BadAnswerError("X answered with something else than posts.")
        return cast("Mapping[str, Any]", answer), response

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """A call for every hundred; every post that is still there costs money, out of the day's budget."""
        found: list[Recheck] = []
        for start in range(0, len(posts), AT_ONCE):
            found += await self._recheck(posts[start : start + AT_ONCE])
        return found

    async def _recheck(self, known: Sequence[Known]) -> list[Recheck]:
        ids = list(dict.fromkeys(number for one in known if (number := _newest(one)).isdecimal()))
        try:
            answer = await self._look_up(ids, self._words, self._options.usd_per_post) if ids else as_dict(None)
        except HandlewatchError as error:
            return [Recheck(ref=one.ref, standing=Standing.UNKNOWN, note=error.brief) for one in known]
        there, told = {post.id: post.whole() for post in self.posts(answer)[0]}, _problems(answer)
        return [_standing(one, there.get(one.ref.id), told.get(_newest(one), "")) for one in known]

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now, in its newest version."""
        number = _newest(post)
        found, problem = await self._one(post, number)
        if found is not None and found.newest != number:
            number = found.newest
            found, problem = await self._one(post, number)
        if found is None and _GONE.get(problem, (Standing.UNKNOWN,))[0] is Standing.UNKNOWN:
            raise AuthError("X does not show this post to us.")
        return found and found.whole()

    async def _one(self, post: Known, number: str) -> tuple[Written | None, str]:
        """One version, and what X says of it where it does not show it."""
        answer = await self._look_up([number], self.fields, self.each)
        found = next((one for one in self.posts(answer)[0] if one.id == post.ref.id), None)
        return found, _problems(answer).get(number, "")

    async def _look_up(self, ids: Sequence[str], fields: Mapping[str, str], each: float) -> Mapping[str, Any]:
        """Posts by their ids. Raises `RateLimitedError` where they cannot be paid for any more today."""
        if not self._free:
            self.budget.ask(each * len(ids))
        answer = await self.get(_LOOKUP, {"ids": ",".join(ids), **fields})
        self.pay(answer)
        return answer


def is_capped(response: httpx.Response) -> bool:
    """Whether a refusal means that the cap of posts is used up, which no waiting of minutes helps against."""
    return _CAPPED in response.content


def worded(error: StatusError) -> HandlewatchError:
    """Refusals that mean that nothing is left, worded; others as they are."""
    if error.status == 429:
        return RateLimitedError(
            "The project's cap of posts that X lets it read is used up.",
            retry_after=_CAPPED_SECONDS,
            do="It goes on when X's billing period ends; or raise the cap in X's developer console.",
        )
    if error.status == 402:
        return AuthError("The project has no credits left at X (402).", do="Add credits in X's developer console.")
    return error


def _newest(known: Known) -> str:
    """The id of a post's newest known version: older ones may be looked up, and do not change."""
    return known.cid or known.ref.id


def _standing(known: Known, now: Post | None, problem: str) -> Recheck:
    if now is None:
        standing, note = _GONE.get(problem, (Standing.UNKNOWN, "X says nothing about it"))
        return Recheck(ref=known.ref, standing=standing, note=note)
    if (now.cid or now.id) != _newest(known):
        return Recheck(ref=known.ref, standing=Standing.EDITED, note="there is a newer version")
    edited = known.text_hash is not None and text_hash(now) != known.text_hash
    return Recheck(ref=known.ref, standing=Standing.EDITED if edited else Standing.UP, note="looked up")


def _problems(answer: Mapping[str, Any]) -> dict[str, str]:
    """Id -> kind of the errors that an answer may carry beside its data."""
    found: dict[str, str] = {}
    for error in map(as_dict, as_list(answer.get("errors"))):
        number = as_id(error.get("resource_id")) or as_id(error.get("value"))
        if number:
            found[number] = as_text(error.get("type")).rpartition("/")[2]
    return found
