"""What posts leave behind in the store: accounts and their names, edges, hostile input."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, func, select

from monitor.crossref import Crossref
from monitor.crossref.accounts import account_hash
from monitor.crossref.around import edges_around, lookalikes, set_around
from monitor.crossref.edges import Kind
from monitor.crossref.settling import settle
from monitor.hits import Screened
from monitor.intake import Intake
from monitor.linking import Linking
from monitor.post import NOBODY, Author
from monitor.retention import Limits, expire
from monitor.store.database import Store, open_store
from monitor.store.keys import Keyring
from monitor.store.tables import (
    Account,
    AccountName,
    Identity,
    LinkBasis,
    LinkedSet,
    Mention,
    Sharing,
    SourceRow,
    StoredPost,
)
from tests.support.posts import hit, post, screened
from tests.support.reviewing import take_in


def count(store: Store, table: Any) -> int:
    with store.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def identity(store: Store, handle: str, app: str = "wickr") -> Identity:
    with store.read() as session:
        return next(one for one in session.exec(select(Identity)) if (one.app, one.handle) == (app, handle))


def edges(store: Store) -> list[tuple[Any, ...]]:
    with store.read() as session:
        rows = session.exec(select(Sharing).order_by(col(Sharing.identity_id), col(Sharing.account_id)))
        return [tuple(sorted(row.model_dump().items())) for row in rows]


def linked_rows(store: Store) -> list[tuple[int, str, int]]:
    with store.read() as session:
        return sorted((row.identity_id, row.scope, row.set_id) for row in session.exec(select(LinkedSet)))


def test_an_account_that_renames_itself_daily_is_one(store: Store, clock: Any) -> None:
    start = clock.time
    for day in range(30):
        author = Author(id="a1", handle=f"quibbern{day}")
        take_in(store, hit(day, created_at=start + timedelta(days=day), author=author))
        clock.advance(days=1)
    take_in(store, hit(99, created_at=start + timedelta(days=3), author=Author(id="a1", handle="quibbern3", name="q")))
    with store.read() as session:
        account = session.exec(select(Account)).one()
        names = session.exec(select(AccountName).order_by(col(AccountName.first_seen_at))).all()
    assert account.first_seen_at == start
    assert account.author == {"id": "a1", "handle": "quibbern29", "name": None}
    assert len(names) == 31
    assert count(store, Sharing) == 1


def test_a_name_that_an_account_takes_again_keeps_when_it_was_first_seen(store: Store, clock: Any) -> None:
    start = clock.time
    clock.advance(days=10)
    for number, (day, name) in enumerate([(1, "zor"), (2, "quib"), (5, "zor")]):
        take_in(store, hit(number, created_at=start + timedelta(days=day), author=Author(id="a1", handle=name)))
    with store.read() as session:
        row = next(one for one in session.exec(select(AccountName)) if (one.author or {})["handle"] == "zor")
        assert (row.first_seen_at, row.last_seen_at) == (start + timedelta(days=1), start + timedelta(days=5))
        assert (session.exec(select(Account)).one().author or {})["handle"] == "zor"


def test_edges_grow_by_their_posts_and_believe_no_clock_of_the_future(store: Store, clock: Any) -> None:
    now = clock.time
    take_in(store, hit(1, created_at=now + timedelta(days=3650)))
    take_in(store, hit(2, created_at=now - timedelta(days=20)))
    take_in(store, hit(3, created_at=datetime(1970, 1, 1, tzinfo=UTC)))
    take_in(store, hit(2, created_at=now - timedelta(days=20), title="edited"))
    with store.read() as session:
        (edge,) = session.exec(select(Sharing)).all()
    assert (edge.posts, edge.first_at, edge.last_at) == (3, now - timedelta(days=20), now)
    assert (edge.platform, edge.linkable, edge.confidence) == ("examplenet", True, 0.97)


def test_the_screen_tells_who_says_that_its_name_is_the_handle(store: Store) -> None:
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="archive", enabled_at=store.now()))
    text = "taboo nolimits trade, kik: same as my username. or wickr: vexilorp"
    Intake(store).commit(screened(post(1, text, author=Author(id="a1", handle="quibbern04"))), source="s")
    with store.read() as session:
        said = dict(
            session.exec(
                select(Identity.handle, Sharing.same_name).join(Sharing, col(Sharing.identity_id) == col(Identity.id))
            ).all()
        )
        assert said == {"quibbern04": True, "vexilorp": False}
    with store.read() as session:
        kinds = {one.kind for one in edges_around(session, Linking(), identity(store, "quibbern04", "kik").id or 0)}
    assert kinds == {Kind.SHARES, Kind.SAME_NAME, Kind.APPEARS, Kind.POSTED, Kind.TOGETHER}


def test_lookalikes_are_suggested_and_not_linked(store: Store) -> None:
    cross = Crossref(Linking(unlinked_platforms=frozenset({"shutnet"})))
    take_in(store, hit(1, "zorblat10"), hit(2, "z0rb1atlO", author=Author(id="a2")), crossref=cross)
    take_in(store, hit(3, "zorb-lat10", author=Author(id="a3"), platform="shutnet"), crossref=cross)
    one = identity(store, "zorblat10")
    with store.read() as session:
        assert [row.handle for row in lookalikes(session, cross.linking, one, platform=None)] == ["z0rb1atlO"]
        here = lookalikes(session, cross.linking, one, platform="shutnet")
        assert [row.handle for row in here] == ["zorb-lat10"]
    assert linked_rows(store) == []


def test_a_post_with_five_hundred_handles_is_quick_and_loses_no_edge(store: Store) -> None:
    handles = [f"zorblat{number}x" for number in range(500)]
    text = "taboo " + " ".join(f"wickr: {handle}" for handle in handles)
    started = time.perf_counter()
    take_in(store, post(1, text))
    spent = time.perf_counter() - started
    assert (count(store, Mention), count(store, Sharing), count(store, LinkedSet)) == (500, 500, 1000)
    assert spent < 10, "with room for a slow machine; it takes about half a second"
    with store.read() as session:
        one = identity(store, handles[250])
        around = set_around(session, one, scope="", hub_accounts=50)
        assert (len(around.members), around.hub) == (499, False)
        found = edges_around(session, Linking(), one.id or 0)
        assert sum(edge.kind is Kind.TOGETHER for edge in found) == 499


def test_a_handle_of_ten_thousand_characters_is_one_more_handle(store: Store) -> None:
    take_in(store, post(1, f"taboo wickr: {'z' * 10_000} wickr: vexilorp"))
    assert {len(row) for row in (identity(store, "z" * 10_000).handle or "", "vexilorp")} == {10_000, 8}
    assert len({set_id for _, _, set_id in linked_rows(store)}) == 1


def test_a_cycle_is_one_set(store: Store) -> None:
    names = ["zor", "quib", "vex", "mol"]
    for number, name in enumerate(names):
        other = names[(number + 1) % 4]
        take_in(store, post(number, f"taboo {number} wickr: {name}77 wickr: {other}77", author=Author(id=f"a{number}")))
    with store.read() as session:
        around = set_around(session, identity(store, "zor77"), scope="", hub_accounts=50)
    assert [len(one.accounts) for one in around.members] == [1, 1, 0]


def test_a_handle_that_reads_like_an_id_is_another_account(store: Store) -> None:
    take_in(store, hit(1, author=Author(id="quibbern")), hit(2, author=Author(handle="quibbern")))
    take_in(store, hit(3, author=Author(handle="quibbern", name="Quib")))
    with store.read() as session:
        accounts = session.exec(select(Account).order_by(col(Account.id))).all()
        posts = session.exec(select(StoredPost.account_id).order_by(col(StoredPost.id))).all()
    assert [(one.author or {})["id"] for one in accounts] == ["quibbern", None]
    assert posts == [accounts[0].id, accounts[1].id, accounts[1].id]


def test_accounts_from_before_are_found_again_by_their_handles(store: Store) -> None:
    take_in(store, hit(1, author=Author(id="a1", handle="vexil")), hit(2, author=Author(handle="quibbern")))
    with store.write() as session:
        old = session.exec(select(Account).order_by(col(Account.id).desc())).first()
        assert old is not None
        old.key_hash = account_hash(store.keyring, "examplenet", "quibbern")
        session.add(old)
        session.exec(delete(LinkBasis))
    assert settle(store, Crossref())
    take_in(store, hit(3, author=Author(handle="quibbern")), hit(4, author=Author(id="a1", handle="vexil")))
    assert count(store, Account) == 2


def test_posts_by_nobody_join_nothing(store: Store) -> None:
    take_in(store, post(1, "taboo wickr: zorblat wickr: vexilorp", author=NOBODY))
    assert (count(store, Sharing), count(store, LinkedSet), count(store, Mention)) == (0, 0, 2)


def test_rows_from_before_are_completed_and_other_rules_make_sets_anew(store: Store) -> None:
    posts = [
        post(
            number, f"taboo {number} wickr: quibdrem wickr: zorblat{number}", author=Author(id=f"a{number}", handle="q")
        )
        for number in range(4)
    ]
    take_in(store, *posts)
    take_in(store, replace(posts[0], title="edited"))
    kept, sets = edges(store), linked_rows(store)
    with store.write() as session:
        for table in (Sharing, LinkedSet, AccountName):
            for row in session.exec(select(table)):
                session.delete(row)
        for mention in session.exec(select(Mention)):
            mention.confidence = mention.same_name = None
        for one in session.exec(select(Identity)):
            one.skeleton_hash = None
    assert settle(store, Crossref())
    assert (edges(store), linked_rows(store)) == (kept, sets)
    assert (count(store, AccountName), identity(store, "quibdrem").skeleton_hash is not None) == (4, True)
    assert not settle(store, Crossref())
    assert settle(store, Crossref(hub_accounts=4))
    assert linked_rows(store) == []
    assert settle(store, Crossref(Linking(unlinked_platforms=frozenset({"examplenet"}))))
    assert {scope for _, scope, _ in linked_rows(store)} == {"examplenet"}


def _collect(url: str, key: bytes, turn: int) -> None:
    store = open_store(url, Keyring(key))
    posts = same_posts()
    take_in(store, *(posts[turn * 5 :] + posts[: turn * 5]))
    store.close()


def same_posts() -> list[Any]:
    handles: Sequence[str] = [f"zorblat{number}" for number in range(8)]
    return [
        post(
            number,
            f"taboo {number % 3} wickr: {handles[number % 8]} wickr: {handles[(number * 3 + 1) % 8]}",
            author=Author(id=f"a{number % 4}"),
        )
        for number in range(16)
    ]


def test_the_same_posts_from_three_processes_at_once(store: Store, database_url: str) -> None:
    take_in(store, hit(99))
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_collect, args=(database_url, b"k" * 32, turn)) for turn in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert count(store, StoredPost) == 17
    kept, sets = edges(store), linked_rows(store)
    settle(store, Crossref())
    assert (edges(store), linked_rows(store)) == (kept, sets)


def test_names_go_with_the_last_words_that_give_them(store: Store, clock: Any) -> None:
    def names() -> tuple[dict[str, Any] | None, list[str]]:
        with store.read() as session:
            kept = [row.author["handle"] for row in session.exec(select(AccountName)) if row.author]
            return session.exec(select(Account)).one().author, sorted(kept)

    def gone(*numbers: int) -> None:
        refs = [post(number).ref for number in numbers]
        Intake(store).commit(Screened(posts=0, hits=(), deleted=refs), source="sample")

    for number, name in enumerate(["zor", "quib", "quib", "vex"]):
        take_in(
            store, hit(number, created_at=clock.time - timedelta(days=9 - number), author=Author(id="a1", handle=name))
        )
    gone(1)
    assert names() == ({"id": "a1", "handle": "vex", "name": None}, ["quib", "vex", "zor"])
    gone(2, 3)
    assert names() == ({"id": "a1", "handle": "zor", "name": None}, ["zor"])
    clock.advance(days=60)
    assert expire(store, Limits(by_platform={"examplenet": 30}, by_plugin={})) == 1
    assert names() == ({"id": "a1", "handle": None, "name": None}, [])
    gone(0)
    assert names() == (None, [])
    assert (count(store, AccountName), count(store, Sharing)) == (3, 1)
    take_in(store, hit(9, created_at=clock.time, author=Author(id="a1", handle="quib")))
    assert names() == ({"id": "a1", "handle": "quib", "name": None}, ["quib"])
