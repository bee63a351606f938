"""Drafts and posts: the same columns, the same marks, the same records."""

from __future__ import annotations

from monitor.drafts import columns_of, version_mark
from monitor.ports import Records
from monitor.post import TEXTS, Author, Post, text_hash

POSTS = [
    Post(platform="p", id="1", text="add me", tags=("maps", "", "trains")),
    Post(platform="p", id="2", title="Old maps", author=Author(id="7", handle="zorblat77", bio="of maps")),
    Post(platform="p", id="3", text="hmu", community="Maps", community_description="All maps"),
]


def test_columns_hold_the_screened_fields_and_no_empty_one_but_the_text() -> None:
    columns = columns_of(POSTS)
    assert columns["text"] == ("add me", "", "hmu")
    assert columns["tags"] == ("maps\ntrains", "", "")
    assert columns["author.bio"] == ("", "of maps", "")
    assert set(columns) == set(TEXTS) - {"author.name"}
    for row, post in enumerate(POSTS):
        shown = {name for name, column in columns.items() if column[row]}
        assert shown == {name.partition("[")[0] for name, _ in post.fields()}


def test_no_posts_have_columns_of_no_length() -> None:
    assert columns_of([]) == {"text": ()}
    assert len(Records.of([])) == 0


def test_a_mark_is_the_beginning_of_the_hash_of_a_post_s_own_words() -> None:
    whole = Post(platform="p", id="4", title="Old maps", text="trade", tags=("maps", "trains"))
    for post in (*POSTS[1:], whole):
        assert version_mark(post) == text_hash(post)[:12]
    assert len({version_mark(post) for post in POSTS}) == len(POSTS)
