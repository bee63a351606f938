from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from alerts.web.collecting import Collectors
from monitor import coverage
from monitor.ports import Coverage, Seen
from monitor.settings import Settings, SourceSettings
from monitor.store.tables import SourceRow
from tests.conftest import FakeClock
from tests.support.site import Site


def ledger(site: Site, clock: FakeClock, *entries: tuple[str, Seen, float, float, str]) -> None:
    """Enters (scope, state, from, to in minutes ago, note) for the source `s`, which is polled every minute."""
    settings = Settings(home=Path("nowhere"), sources={"s": SourceSettings(plugin="mastodon")})
    site.app.state.desk.collectors = Collectors(site.store, settings)
    with site.store.write() as session:
        session.add(SourceRow(name="s", plugin="mastodon", enabled_at=clock.time))
        session.flush()
        for scope, state, start, end, note in entries:
            interval = Coverage(
                scope=scope,
                start=clock.time - timedelta(minutes=start),
                end=clock.time - timedelta(minutes=end),
                state=state,
                posts=10,
                note=note,
            )
            coverage.enter(session, "s", None, [interval])


async def test_an_empty_queue_says_what_was_last_collected(site: Site, clock: FakeClock) -> None:
    ledger(site, clock, ("public.example home", Seen.SEEN, 60, 3, ""))
    page = (await (await site.person("ana")).get("/queue")).text
    assert "Nothing is open" in page
    assert "seen until" in page
    assert "2026-11-01 11:57 UTC" in page
    assert "Not everything was seen" not in page


async def test_nothing_collected_is_said(site: Site) -> None:
    assert "Nothing was collected yet" in (await (await site.person("ana")).get("/queue")).text


async def test_gaps_and_late_sources_are_on_the_queue(site: Site, clock: FakeClock) -> None:
    failed = "https://public.example/api/v1/timelines/tag/nolimits answered 503"
    ledger(
        site,
        clock,
        ("public.example #nolimits", Seen.SEEN, 240, 120, ""),
        ("public.example #nolimits", Seen.FAILED, 120, 20, failed),
    )
    person = await site.person("ana")
    queue = (await person.get("/queue")).text
    assert "Not everything was seen" in queue
    assert "last seen <time" in queue
    assert "1 gap in the last 24 hours" in queue
    page = (await person.get("/coverage")).text
    assert "late" in page
    assert "failed" in page
    assert "answered 503" in page
    assert "2026-11-01 11:40 UTC" in page
    for shown in (queue, page):
        assert "nolimits" not in shown  # a tag can be a coded term


async def test_an_enabled_source_that_saw_nothing_is_named(site: Site, clock: FakeClock) -> None:
    ledger(site, clock)
    assert "s: nothing seen yet" in (await (await site.person("ana")).get("/queue")).text


async def test_an_outage_that_was_made_up_is_no_trouble_any_more(site: Site, clock: FakeClock) -> None:
    """What a source as a whole missed is no timeline that would be late for ever."""
    ledger(
        site,
        clock,
        ("public.example #map", Seen.SEEN, 240, 120, ""),
        (coverage.WHOLE_SOURCE, Seen.FAILED, 120, 60, "down"),
        ("public.example #map", Seen.FAILED, 120, 60, "down"),
        ("public.example #map", Seen.SEEN, 120, 1, ""),
    )
    person = await site.person("ana")
    assert "Not everything was seen" not in (await person.get("/queue")).text
    page = (await person.get("/coverage")).text
    assert "No gap is known" in page
    assert "never" not in page


async def test_a_source_of_which_nothing_ever_came_is_late(site: Site, clock: FakeClock) -> None:
    ledger(site, clock, (coverage.WHOLE_SOURCE, Seen.FAILED, 120, 1, "down"))
    assert "s (*): never seen" in " ".join((await (await site.person("ana")).get("/queue")).text.split())


async def test_what_a_source_does_not_read_any_more_is_not_late(site: Site, clock: FakeClock) -> None:
    ledger(
        site,
        clock,
        ("public.example #map", Seen.SEEN, 240, 120, ""),
        ("public.example #atlas", Seen.SEEN, 240, 1, ""),
    )
    person = await site.person("ana")
    assert "Not everything was seen" not in (await person.get("/queue")).text
    assert "not expected to go on" in (await person.get("/coverage")).text
