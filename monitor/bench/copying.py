"""Makes many stored campaigns of some, within the database: what takes minutes to make one by one takes seconds.

A copy has the bands of one campaign and the words of another. What the first shares with other campaigns its copies
share, too; what it shares with nobody they do not. So look-ups find as much as they would among campaigns that were
all made one by one, and what they find is as seldom like it.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, text

from monitor.store.database import Store

_TIMES: Final = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {copies}) "
_ROWS: Final = (
    "INSERT INTO post (id, platform, post_id, content_hash, source, screening, bundle, rule, score, first_seen_at, "
    "state) SELECT id + x * {many}, platform, post_id || '-' || x, {unique}, source, screening, bundle, rule, score, "
    "first_seen_at, state FROM n CROSS JOIN post WHERE id <= {many}",
    "INSERT INTO campaign (id, first_hash, created_at, about) "
    "SELECT id + x * {many}, {unique}, created_at, about FROM n CROSS JOIN campaign WHERE id <= {many}",
    "INSERT INTO wording (id, campaign_id, variant_hash, words_hash, words, hashed, created_at) "
    "SELECT one.id + x * {many}, one.campaign_id + x * {many}, {unique}, {unique}, other.words, one.hashed, "
    "one.created_at FROM n CROSS JOIN wording AS one CROSS JOIN wording AS other "
    "WHERE one.id <= {many} AND other.id = (one.id + x * 7919) % {many} + 1",
    "INSERT INTO occurrence (campaign_id, post_id, added_at, wording_id, state) "
    "SELECT campaign_id + x * {many}, post_id + x * {many}, added_at, wording_id + x * {many}, state "
    "FROM n CROSS JOIN occurrence WHERE post_id <= {many}",
)
_ALONE: Final = (
    "CREATE TEMPORARY TABLE kept AS SELECT band, wording_id, "
    "CASE WHEN count(*) OVER (PARTITION BY band) = 1 THEN 1 ELSE 0 END AS alone FROM band"
)
_BANDS: Final = (
    "INSERT INTO band (band, wording_id) "
    "SELECT CASE WHEN alone = 1 THEN {mixed} ELSE band END, wording_id + x * {many} "
    "FROM n CROSS JOIN kept ORDER BY 1, 2",
)
_MASK: Final = "(x * 7919493847561)"


def copy_campaigns(store: Store, many: int, copies: int) -> None:
    """Adds so many copies of each of the campaigns 1 to `many`, which are all that is there."""
    values = {"many": many, "copies": copies}
    if store.is_sqlite:  # it has no "exclusive or"
        words: dict[str, Any] = {"unique": "randomblob(16)", "mixed": f"(band | {_MASK}) - (band & {_MASK})"}
    else:
        words = {"unique": "uuid_send(gen_random_uuid())", "mixed": f"band # {_MASK}"}
    with store.write() as session:
        connection = session.connection()
        connection.exec_driver_sql(_ALONE)
        for statement in (*_ROWS, *_BANDS):
            _run(connection, _TIMES + statement, words | values)
        connection.exec_driver_sql("DROP TABLE kept")
        if not store.is_sqlite:
            for table in ("post", "wording"):
                connection.execute(
                    text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"),
                    {"table": table, "last": many * (copies + 1)},
                )


def _run(connection: Connection, statement: str, words: dict[str, Any]) -> None:
    # Our own names and numbers alone; "%" is a place for a value to one of the drivers.
    made = statement.format(**words)
    connection.execute(text(made))
