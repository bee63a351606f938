"""What became of posts, their text as it is now, and who wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from monitor.errors import HandlewatchError
from monitor.net.errors import BadAnswerError
from monitor.ports import Known, Recheck, SourceContext, Standing
from monitor.post import Author, Post, text_hash
from sources.bluesky.api import Api, is_named
from sources.bluesky.records import POSTS, Named, UnusableError, from_view, read_profile
from sources.shapes import as_dict, as_list, as_text

_AT_ONCE: Final = 25
_FRESH: Final = timedelta(hours=6)
_KEPT: Final = 5000
_TAKEN_DOWN: Final = "!takedown"
_ODD: Final = "in a form that is not known"
_ACCOUNT: Final = {
    "takendown": (Standing.ACCOUNT_GONE, "its server took the account down"),
    "suspended": (Standing.ACCOUNT_GONE, "its server suspended the account"),
    "deleted": (Standing.ACCOUNT_GONE, "the account is deleted"),
    "deactivated": (Standing.UNAVAILABLE, "the account is deactivated"),
}
_REPO_ERRORS: Final = {
    "RepoTakendown": "takendown",
    "RepoSuspended": "suspended",
    "RepoDeactivated": "deactivated",
    "RepoNotFound": "deleted",
}


@dataclass(frozen=True, slots=True)
class _Shown:
    """A post as the AppView shows it now (None: in a form that is not known), and what its moderators say of it."""

    post: Post | None
    labels: tuple[str, ...] = ()


class Standings:
    """Re-checks, refreshes and enriches, in few calls."""

    def __init__(self, api: Api, context: SourceContext) -> None:
        self._api, self._context = api, context
        self._profiles: dict[str, tuple[datetime, Author]] = {}

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """A call for every 25; for those that are missing there, two to the server that holds the account."""
        found: list[Recheck] = []
        accounts: dict[str, Recheck | HandlewatchError | None] = {}
        for some in _parts(posts):
            try:
                shown = await self._shown([known.ref.id for known in some])
            except HandlewatchError as error:
                found += [_unknown(known, error) for known in some]
                continue
            for known in some:
                here = shown.get(known.ref.id)
                found.append(_standing(known, here) if here else await self._missing(known, accounts))
        return found

    async def _shown(self, uris: Sequence[str]) -> dict[str, _Shown]:
        answer = await self._api.get("app.bsky.feed.getPosts", [("uris", uri) for uri in uris])
        if not isinstance(answer.get("posts"), list):
            raise BadAnswerError("Bluesky answered without posts.")
        shown: dict[str, _Shown] = {}
        for view in map(as_dict, as_list(answer["posts"])):
            try:
                post = from_view(view, seen_at=self._context.clock())
            except UnusableError:
                shown[as_text(view.get("uri"))] = _Shown(None)
                continue
            shown[post.id] = _Shown(post, tuple(_labels(view, post.author.id)))
        return shown

    async def _missing(self, known: Known, accounts: dict[str, Recheck | HandlewatchError | None]) -> Recheck:
        """A post that the AppView leaves out: deleted, taken down, or with its account; it does not say which."""
        try:
            name = Named.of(known.ref.id)
            holder = await self._api.holder(name.did)
            if holder is None:
                return Recheck(ref=known.ref, standing=Standing.ACCOUNT_GONE, note="the account's identity is gone")
            if not holder:
                note = "not shown; the server that holds it is not asked"
                return Recheck(ref=known.ref, standing=Standing.UNAVAILABLE, note=note)
            return await self._at(holder, known, name, accounts)
        except UnusableError as error:
            return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=str(error))
        except HandlewatchError as error:
            return _unknown(known, error)

    async def _at(
        self, holder: str, known: Known, name: Named, accounts: dict[str, Recheck | HandlewatchError | None]
    ) -> Recheck:
        """What the server that holds the account says; of an account once."""
        if name.did not in accounts:
            accounts[name.did] = await self._account(holder, known, name.did)
        of_account = accounts[name.did]
        if isinstance(of_account, HandlewatchError):
            raise of_account
        return replace(of_account, ref=known.ref) if of_account else await self._record(holder, known, name)

    async def _account(self, holder: str, known: Known, did: str) -> Recheck | HandlewatchError | None:
        """What its server says of an account; None where it is active."""
        try:
            said = await self._api.get_from(holder, "com.atproto.sync.getRepoStatus", [("did", did)])
        except HandlewatchError as error:
            status = next((status for name, status in _REPO_ERRORS.items() if is_named(error, name)), None)
            if status is None:
                return error
        else:
            if said.get("active") is not False:
                return None
            status = as_text(said.get("status"))
        standing, note = _ACCOUNT.get(status, (Standing.UNAVAILABLE, "the account is not active"))
        return Recheck(ref=known.ref, standing=standing, note=note)

    async def _record(self, holder: str, known: Known, name: Named) -> Recheck:
        asked = [("repo", name.did), ("collection", POSTS), ("rkey", name.rkey)]
        try:
            await self._api.get_from(holder, "com.atproto.repo.getRecord", asked)
        except HandlewatchError as error:
            if not is_named(error, "RecordNotFound"):
                raise
            note = "deleted by its author, or taken down by its server"
            return Recheck(ref=known.ref, standing=Standing.UNAVAILABLE, note=note)
        note = "its server still has it, Bluesky no longer shows it"
        return Recheck(ref=known.ref, standing=Standing.REMOVED_BY_PLATFORM, note=note)

    async def refresh(self, post: Known) -> Post | None:
        """The post as the AppView shows it now."""
        shown = (await self._shown([post.ref.id])).get(post.ref.id)
        if shown is not None and shown.post is None:
            raise BadAnswerError(f"Bluesky shows the post {_ODD}.")
        return shown.post if shown and _TAKEN_DOWN not in shown.labels else None

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        """Handles, names and bios, of 25 accounts a call, kept for some hours."""
        now = self._context.clock()
        bare = {post.author.id for post in posts if post.author.bio is None}
        wanted = sorted(did for did in bare if did and not self._known(did, now))
        for some in _parts(wanted):
            try:
                answer = await self._api.get("app.bsky.actor.getProfiles", [("actors", did) for did in some])
            except HandlewatchError:
                break
            for profile in map(as_dict, as_list(answer.get("profiles"))):
                author = read_profile(profile)
                if author.id:
                    self._profiles[author.id] = (now, author)
        while len(self._profiles) > _KEPT:
            del self._profiles[next(iter(self._profiles))]
        return [self._with_author(post) for post in posts]

    def _known(self, did: str, now: datetime) -> bool:
        at, _ = self._profiles.get(did, (None, None))
        return at is not None and now - at < _FRESH

    def _with_author(self, post: Post) -> Post:
        _, found = self._profiles.get(post.author.id or "", (None, None))
        if found is None:
            return post
        old = post.author
        author = Author(
            id=old.id, handle=found.handle or old.handle, name=found.name or old.name, bio=old.bio or found.bio
        )
        return replace(post, author=author)


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def _labels(view: Mapping[str, Any], author: str | None) -> Iterator[str]:
    """What moderators say of a post; not what its author says."""
    for label in map(as_dict, as_list(view.get("labels"))):
        if label.get("src") != author and not label.get("neg") and (value := as_text(label.get("val"))):
            yield value[:40]


def _standing(known: Known, shown: _Shown) -> Recheck:
    if _TAKEN_DOWN in shown.labels:
        return Recheck(ref=known.ref, standing=Standing.REMOVED_BY_PLATFORM, note="labelled as taken down")
    if shown.post is None:
        return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=f"shown {_ODD}")
    edited = known.text_hash is not None and text_hash(shown.post) != known.text_hash
    note = f"shown, labelled {', '.join(shown.labels)}" if shown.labels else "shown"
    return Recheck(ref=known.ref, standing=Standing.EDITED if edited else Standing.UP, note=note)


def _unknown(known: Known, error: HandlewatchError) -> Recheck:
    return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=error.brief)
