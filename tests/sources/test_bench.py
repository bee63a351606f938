"""What `handlewatch bench sources` measures is what sources do."""

from __future__ import annotations

import json

import orjson
import pytest
from typer.testing import CliRunner

from monitor.cli.bench import command
from sources.bench.mappings import FORMS, MAPPINGS
from sources.bench.pages import TEXTS, framed, item_of, page_of, platforms
from tests.sources.oddities import oddities, texts_replaced
from tests.sources.worlds import MEDIA_MARK


def test_every_mapping_has_a_page_and_every_page_a_mapping() -> None:
    assert platforms() == sorted(MAPPINGS)


@pytest.mark.parametrize("platform", sorted(MAPPINGS))
def test_every_post_of_a_page_is_mapped(platform: str) -> None:
    posts = [draft.whole() for draft in MAPPINGS[platform](orjson.loads(page_of(platform, 12)))]
    assert len({post.id for post in posts}) == 12
    assert {post.platform for post in posts} == {platform}
    assert all(post.created_at and post.author.key and post.url for post in posts)
    for post, text in zip(posts, TEXTS * 2, strict=True):
        assert (post.text or "").startswith(text)


@pytest.mark.parametrize("platform", sorted(FORMS.keys() - MAPPINGS.keys()))
def test_every_post_of_a_page_that_is_no_json_is_read(platform: str) -> None:
    form = FORMS[platform]
    page = form.page(12)
    posts = list(form.read(page if form.whole else form.parse(page)))
    if platform == "telegram":  # newest first
        posts.reverse()
    assert len({post.id for post in posts}) == 12
    assert all(post.platform == platform and post.created_at and post.author.key and post.url for post in posts)
    for post, text in zip(posts, TEXTS * 2, strict=True):
        assert " ".join((post.text or "").split()).startswith(text)


@pytest.mark.parametrize("platform", sorted(MAPPINGS))
def test_what_was_taken_becomes_a_post_whatever_else_its_answer_holds(platform: str) -> None:
    taken = 0
    for odd in oddities(orjson.loads(item_of(platform, 1))):
        try:
            drafts = MAPPINGS[platform](orjson.loads(framed(platform, [json.dumps(odd).encode()])))
        except (ValueError, orjson.JSONDecodeError):
            continue  # refused when it was read
        for draft in drafts:
            post = draft.whole()
            assert (post.id, post.created_at, post.texts) == (draft.id, draft.created_at, draft.texts)
            taken += 1
    assert taken > 100


@pytest.mark.parametrize("platform", sorted(MAPPINGS))
def test_a_link_to_media_comes_through_no_text_of_an_answer(platform: str) -> None:
    """Wherever people may write: texts, titles, names, what accounts and communities say of themselves."""
    tried = 0
    for odd in texts_replaced(orjson.loads(item_of(platform, 1)), f"see https://i.imgur.com/{MEDIA_MARK}.png there"):
        try:
            drafts = MAPPINGS[platform](orjson.loads(framed(platform, [json.dumps(odd).encode()])))
        except ValueError:
            continue  # no id any more, for instance
        for post in (draft.whole() for draft in drafts):
            said = (post.title, post.text, post.community_description, post.author.name, post.author.bio)
            assert MEDIA_MARK not in repr(said)
            tried += 1
    assert tried > 5


def test_the_command_prints_every_platform() -> None:
    answer = CliRunner().invoke(command, ["sources", "--rounds", "1", "--json"])
    figures = json.loads(answer.stdout)
    assert sorted(figures["platforms"]) == sorted(FORMS)
    assert all(one["ratio"] > 0 for one in figures["platforms"].values())
    assert figures["html"]["microseconds"] > 0
