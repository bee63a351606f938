"""Reading a Discourse forum: its newest posts by id, and topics with all their posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import httpx

from monitor.errors import AuthError, HandlewatchError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get_json
from monitor.ports import SourceContext
from sources.discourse.posts import Category, Forum, Topic, cooked_to_text, markdown_to_text, number_of
from sources.html import html_to_text
from sources.media import without_media
from sources.shapes import as_dict, as_id, as_list, as_text, is_list

Raw = Mapping[str, Any]

AT_ONCE: Final = 20
"""Posts of a topic that Discourse gives at once."""


class Reader:
    """One forum."""

    def __init__(self, context: SourceContext, base: str, headers: Mapping[str, str]) -> None:
        self.base = base
        self._context = context
        self._headers = dict(headers)
        self._forum: Forum | None = None
        self._by_page = False

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> tuple[Raw, httpx.Response]:
        """Reads an address.

        :raises BadAnswerError: the answer is no object.
        """
        url = self.base + path
        answer, response = await get_json(self._context.http, url, params=params, headers=self._headers)
        fields = as_dict(answer)
        if not fields:
            raise BadAnswerError(f"{response.request.url.host} answered in another form than documented.")
        return fields, response

    async def forum(self) -> Forum:
        """The forum with its categories, asked for once; without them where they are not shown."""
        if self._forum is None:
            site: Raw = {}
            with suppress(HandlewatchError):  # posts are read all the same
                site, _ = await self.get("/site.json")
            self._forum = Forum(self.base, dict(_categories(as_list(site.get("categories")))))
        return self._forum

    async def newest(self, before: int | None) -> list[Raw]:
        """The forum's newest posts, or those up to an id: by id, newest first, in steps of 50 ids."""
        answer, response = await self.get("/posts.json", {"before": str(before)} if before else None)
        posts = next((answer[name] for name in ("latest_posts", "posts", "items") if name in answer), None)
        if not is_list(posts):
            raise BadAnswerError(f"{response.request.url.host} answered with no list of posts.")
        return [raw for raw in map(as_dict, as_list(posts)) if raw]

    async def topics(self, path: str, page: int) -> tuple[list[Raw], bool]:
        """A page of a list of topics, and whether there are more."""
        answer, response = await self.get(path, {"page": str(page)} if page else None)
        listed = as_dict(answer.get("topic_list"))
        if not is_list(listed.get("topics")):
            raise BadAnswerError(f"{response.request.url.host} answered with no list of topics.")
        topics = [raw for raw in map(as_dict, as_list(listed.get("topics"))) if raw]
        return topics, bool(listed.get("more_topics_url")) and bool(topics)

    async def finds(self, word: str, page: int) -> tuple[list[Raw], dict[str, Topic], bool]:
        """A page of what a search finds, newest first: posts (an excerpt of each), their topics, and whether there
        are more.
        """
        params = {"q": f"{word} order:latest", "page": str(page)}
        answer, response = await self.get("/search.json", params)
        found = as_dict(answer.get("grouped_search_result"))
        if not found and "posts" not in answer:
            raise BadAnswerError(f"{response.request.url.host} answered with no finds.")
        posts = [raw for raw in map(as_dict, as_list(answer.get("posts"))) if raw]
        topics = {one.id: one for one in map(Topic.of, map(as_dict, as_list(answer.get("topics"))))}
        return posts, topics, bool(found.get("more_full_page_results")) and bool(posts)

    async def topic(self, number: str) -> tuple[Topic, list[Raw], list[int]]:
        """A topic, its first posts, and the numbers of all of them, in the topic's order."""
        answer, _ = await self.get(f"/t/{number}.json", {"include_raw": "true"})
        stream = as_dict(answer.get("post_stream"))
        numbers = [one for one in as_list(stream.get("stream")) if isinstance(one, int)]
        posts = _posts(answer)
        return Topic.of({"id": number, **answer}), posts, numbers or [n for raw in posts if (n := number_of(raw))]

    async def posts(self, topic: str, numbers: Sequence[int]) -> list[Raw]:
        """Posts of a topic by number; those that are not shown are missing."""
        found: list[Raw] = []
        for start in range(0, len(numbers), AT_ONCE):
            asked = [str(number) for number in numbers[start : start + AT_ONCE]]
            answer, _ = await self.get(f"/t/{topic}/posts.json", {"post_ids[]": asked, "include_raw": "true"})
            found += _posts(answer)
        return found

    async def rest(self, topic: str, numbers: Sequence[int], wanted: Sequence[int]) -> list[Raw]:
        """The same; by pages of the topic where the forum does not give posts by number.

        :param numbers: all of the topic's.
        """
        if not self._by_page:
            try:
                return await self.posts(topic, wanted)
            except (StatusError, AuthError):
                self._by_page = True
        found: dict[int, Raw] = {}
        missing = set(wanted)
        for page in sorted({numbers.index(number) // AT_ONCE + 1 for number in wanted}):
            try:
                answer, _ = await self.get(f"/t/{topic}.json", {"page": str(page), "include_raw": "true"})
            except StatusError:
                break
            some = {number: raw for raw in _posts(answer) if (number := number_of(raw)) in missing}
            if not some:
                break
            found |= some
            missing -= some.keys()
        return list(found.values())

    async def post(self, number: int) -> Raw | None:
        """One post; None where the forum says that it is not there."""
        try:
            answer, _ = await self.get(f"/posts/{number}.json")
        except StatusError as error:
            if error.gone:
                return None
            raise
        if number_of(answer) != number:
            raise BadAnswerError("The forum answered with another post, or with none.")
        return answer

    async def bio(self, username: str) -> str | None:
        """What somebody's profile says; None where it is not shown."""
        answer, _ = await self.get(f"/u/{username}.json")
        user = as_dict(answer.get("user"))
        said = as_text(user.get("bio_cooked")) or as_text(user.get("bio_excerpt"))
        lines = [cooked_to_text(said)[0] if said else markdown_to_text(as_text(user.get("bio_raw")))[0]]
        lines += [as_text(user.get("website_name")), as_text(user.get("location"))]
        return without_media("\n".join(filter(None, lines))) or None


def _posts(answer: Raw) -> list[Raw]:
    return [raw for raw in map(as_dict, as_list(as_dict(answer.get("post_stream")).get("posts"))) if raw]


def _categories(listed: Sequence[Any]) -> list[tuple[str, Category]]:
    found: list[tuple[str, Category]] = []
    for raw in map(as_dict, listed):
        number, name = as_id(raw.get("id")), as_text(raw.get("name"))
        about = as_text(raw.get("description_text")) or html_to_text(as_text(raw.get("description"))).text
        if number and name:
            found.append((number, Category(name, without_media(about) or None)))
    return found
