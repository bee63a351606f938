"""The record of a handle: linked set, hub, lookalikes, names of accounts; and a person's word on a hub."""

from __future__ import annotations

import pytest
from sqlmodel import select

from alerts.handles import HandleRecord, HandleRecords, Hubs, LinkRules, parse_hub
from monitor.crossref import Crossref
from monitor.detect.bundle import load_bundle
from monitor.errors import AuthError, ConfigError
from monitor.linking import Linking
from monitor.post import Author
from monitor.store.database import Store
from monitor.store.tables import AuditRow
from tests.support.posts import hit, post
from tests.support.reviewing import add_people, take_in

APPS = load_bundle().apps
RULES = LinkRules(hub_accounts=3)


@pytest.fixture
def records(store: Store) -> HandleRecords:
    add_people(store)
    return HandleRecords(store, apps=lambda: APPS, linking=Linking(), rules=RULES)


def fill(store: Store) -> Crossref:
    cross = Crossref(hub_accounts=RULES.hub_accounts)
    take_in(
        store,
        post(1, "taboo 1 wickr: zorblat10 wickr: quibdrem", author=Author(id="a1", handle="early")),
        post(2, "taboo 2 wickr: quibdrem wickr: vexilorp", author=Author(id="a2", handle="other")),
        hit(3, "z0rblat10", author=Author(id="a3", handle="third")),
        crossref=cross,
    )
    later = hit(4, "zorblat10", author=Author(id="a1", handle="late"))
    take_in(store, later, crossref=cross)
    return cross


def test_the_linked_set_is_shown_with_what_joins_it(store: Store, records: HandleRecords) -> None:
    fill(store)
    record = records.show("wickr", "zorblat10", user="ana")
    linked = record.linked
    assert linked is not None
    assert [(one.name, one.account_count, one.strength is None) for one in linked.members] == [
        (None, 1, False),
        (None, 0, True),
    ]
    assert (linked.hub, linked.accounts, linked.hub_accounts) == (False, 1, 3)
    assert linked.members[0].accounts == [record.accounts[0].tag]
    assert 0 < (linked.members[0].strength or 0) < 0.97
    assert [(one.name, one.same_string) for one in record.lookalikes] == [(None, False)]
    assert record.accounts[0].names == []


def test_names_are_in_the_clear_only_when_revealed(store: Store, records: HandleRecords) -> None:
    fill(store)
    record: HandleRecord = records.reveal("wickr", "zorblat10", user="ana", reason="compare")
    assert record.linked is not None
    assert [one.name for one in record.linked.members] == ["quibdrem", "vexilorp"]
    assert [one.name for one in record.lookalikes] == ["z0rblat10"]
    assert (record.accounts[0].name, record.accounts[0].names) == ("late", ["early"])


def test_the_record_of_a_linked_handle_opens_by_its_tag(store: Store, records: HandleRecords) -> None:
    fill(store)
    first = records.find("wickr", "zorblat10", user="ana")
    record = records.open(first, user="ana")
    assert record.linked is not None
    for one in (record.linked.members[1], record.lookalikes[0]):
        opened = records.open(records.beside(first, app="wickr", label=one.tag, user="ana"), user="ana")
        assert opened.posts == 1


def test_a_hub_says_that_it_is_one_and_a_person_may_say_otherwise(store: Store, records: HandleRecords) -> None:
    cross = fill(store)
    take_in(store, post(5, "taboo 5 wickr: quibdrem", author=Author(id="a5")), crossref=cross)
    linked = records.show("wickr", "quibdrem", user="ana").linked
    assert linked is not None
    assert (linked.hub, linked.by_person, linked.accounts, linked.members) == (True, False, 3, [])
    hubs = Hubs(store, records, cross)
    with pytest.raises(AuthError):
        hubs.say("wickr", "quibdrem", user="ana", reason="one group's own", hub=False)
    with pytest.raises(ConfigError):
        hubs.say("wickr", "quibdrem", user="sal", reason=" ", hub=False)
    with pytest.raises(ConfigError, match="never seen"):
        hubs.say("wickr", "nobodyhas", user="sal", reason="one group's own", hub=False)
    label = hubs.say("wickr", "quibdrem", user="sal", reason="one group's own", hub=parse_hub("joins"))
    linked = records.show("wickr", "quibdrem", user="ana").linked
    assert linked is not None
    assert (linked.hub, linked.by_person, linked.member_count) == (False, True, 2)
    with store.read() as session:
        row = session.exec(select(AuditRow).where(AuditRow.action == "handle.hub")).one()
    assert (row.actor, row.subject, row.detail["joins"]) == ("sal", f"handle:{label}", "all")
    assert "own" not in str(row.detail)


def test_a_word_that_is_none_is_refused() -> None:
    assert [parse_hub(word) for word in ("joins", "stays-out", "by-count")] == [False, True, None]
    with pytest.raises(ConfigError, match="stays-out"):
        parse_hub("maybe")
