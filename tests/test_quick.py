"""What `quick_init` makes is what the dataclass would have made."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace
from typing import Any

import pytest

from monitor.post import NOBODY, Author, Post
from monitor.quick import quick_init


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    name: str
    count: int = 3
    author: Author = NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    name: str
    count: int = 3
    author: Author = NOBODY


quick_init(Quick)


@dataclass(frozen=True, slots=True)
class Placed:
    name: str
    count: int = 3


quick_init(Placed)


def test_fields_may_be_given_by_their_places() -> None:
    assert Placed("a", 4) == Placed(name="a", count=4)
    assert Placed("a") == Placed("a", 3)
    with pytest.raises(TypeError):
        Placed("a", 4, 5)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("given", [{"name": "a"}, {"name": "a", "count": 0}, {"name": "b", "author": Author()}])
def test_it_holds_the_same(given: dict[str, Any]) -> None:
    plain, quick = Plain(**given), Quick(**given)
    assert repr(quick) == repr(plain).replace("Plain", "Quick")
    assert quick == Quick(**given)
    assert hash(quick) == hash(plain)
    assert type(quick) is Quick


@pytest.mark.parametrize("given", [{}, {"name": "a", "other": 1}])
def test_it_refuses_the_same(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError) as plain:
        Plain(**given)
    with pytest.raises(TypeError) as quick:
        Quick(**given)
    assert str(quick.value) == str(plain.value).replace("Plain", "Quick")


def test_a_post_stays_frozen_and_can_be_copied_and_sent_to_another_process() -> None:
    post = Post(platform="demo", id="1", text="words", tags=("a",))
    with pytest.raises(FrozenInstanceError):
        post.text = "others"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert pickle.loads(pickle.dumps(post)) == copy.deepcopy(post) == post
    assert replace(post, id="2").ref.id == "2"
