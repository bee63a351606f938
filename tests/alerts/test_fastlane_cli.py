from __future__ import annotations

import json
from typing import Any

from monitor.ports import Recheck, Standing
from monitor.post import PostRef
from monitor.rechecking import follow
from monitor.store.database import Store
from tests.support.posts import hit
from tests.support.reporting import take_in
from tests.test_joining import House


def test_on_the_command_line(handlewatch: Any, installed: Store) -> None:
    house = House(installed)
    house.decide()
    take_in(installed, hit(2, created_at=installed.now()))
    (listed,) = json.loads(handlewatch("alerts", "waiting", "--as", "ana", "--json").stdout)["waiting"]
    assert (listed["post_id"], listed["post"]["platform"], listed["risk"]) == (2, "examplenet", "trade")
    shown = handlewatch("alerts", "waiting", "--alert", "1", "--as", "ana").stdout
    assert "Post 2 of alert 1" in shown
    assert "zorblat77" not in shown
    assert handlewatch("alerts", "leave", "1", "2", "--reason", "it warns", "--as", "ben").stdout.startswith("Post 2")
    assert handlewatch("alerts", "undo", "1", "2", "--as", "ben").stdout == "Post 2 of alert 1: waiting.\n"
    handlewatch("alerts", "leave", "1", "2", "--reason", "it warns", "--as", "ben")
    refused = handlewatch("alerts", "add", "1", "2", "--as", "ben")
    assert (refused.returncode, "does not wait" in refused.stderr) == (7, True)
    assert json.loads(handlewatch("alerts", "rank", "--json").stdout) == {"changed": 0}
    follow(
        installed,
        [Recheck(ref=PostRef("examplenet", "post-2"), standing=Standing.REMOVED_BY_PLATFORM)],
        actor="system:recheck",
    )
    take_in(installed, hit(3, created_at=None))
    returns = json.loads(handlewatch("outcomes", "returns", "--json").stdout)["returns"]
    assert {(one["kind"], one["platform"], one["returns"]) for one in returns} == {
        ("handle", "examplenet", 1),
        ("campaign", "examplenet", 1),
    }
    assert "Median days" in handlewatch("outcomes", "returns").stdout
    take_in(installed, hit(9, "vexilorp"), template="two")
    assert "Priority" in handlewatch("alerts", "show", "2").stdout
