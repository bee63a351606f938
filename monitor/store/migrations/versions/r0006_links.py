"""Wordings and sketches of campaigns, merges, links between accounts and identities, returns, parts of priority.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """What is there stays as it is; `handlewatch db upgrade` reads its wordings and links afterwards."""
    # As text: SQLite adds a column that refers to another table, but no constraint of its own.
    op.execute("ALTER TABLE campaign RENAME COLUMN template_hash TO first_hash")
    op.add_column("campaign", sa.Column("about", sa.Boolean(), nullable=False, server_default=sa.false()))
    _refer("campaign", "merged_into", "campaign.id", index=True)
    _campaigns()
    _linking()
    _refer("occurrence", "wording_id", "wording.id", index=True)
    _refer("occurrence", "origin_id", "campaign.id")
    _refer("occurrence", "decided_by", "user.name", kind="VARCHAR")
    op.add_column("occurrence", sa.Column("state", sa.String(), nullable=False, server_default="attached"))
    op.create_index("ix_occurrence_state", "occurrence", ["state"])
    op.add_column("occurrence", sa.Column("decided_at", _TIME, nullable=True))
    for name in ("bio_hash", "community_hash", "family_hash"):
        op.add_column("post", sa.Column(name, sa.LargeBinary(), nullable=True))
    op.create_index("ix_post_bio_hash", "post", ["bio_hash"])
    op.create_index("ix_post_family_hash", "post", ["family_hash"])
    op.add_column("identity", sa.Column("skeleton_hash", sa.LargeBinary(), nullable=True))
    op.create_index("ix_identity_skeleton_hash", "identity", ["skeleton_hash"])
    op.add_column("identity", sa.Column("hub", sa.Boolean(), nullable=True))
    op.add_column("mention", sa.Column("confidence", sa.Float(), nullable=True))
    op.add_column("mention", sa.Column("same_name", sa.Boolean(), nullable=True))
    for name in ("priority_parts", "raised_for"):
        op.add_column("alert", sa.Column(name, sa.LargeBinary(), nullable=True))
    for name in ("raised_again_at", "noticed_at"):
        op.add_column("alert", sa.Column(name, _TIME, nullable=True))
    op.create_table(
        "alert_term",
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("term_hash", sa.LargeBinary(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"]),
        sa.PrimaryKeyConstraint("alert_id", "term_hash"),
    )
    op.create_index("ix_alert_term_term_hash", "alert_term", ["term_hash"])
    decided = sa.text("verdict IS NOT NULL")
    op.create_index("ix_alert_decided", "alert", ["id"], sqlite_where=decided, postgresql_where=decided)


def _refer(table: str, column: str, target: str, *, kind: str = "INTEGER", index: bool = False) -> None:
    other, _, key = target.partition(".")
    op.execute(f'ALTER TABLE {table} ADD COLUMN {column} {kind} REFERENCES "{other}" ({key})')
    if index:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _campaigns() -> None:
    op.create_table(
        "wording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("variant_hash", sa.LargeBinary(), nullable=False),
        sa.Column("words_hash", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("hashed", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("variant_hash"),
    )
    op.create_index("ix_wording_campaign_id", "wording", ["campaign_id"])
    op.create_index("ix_wording_words_hash", "wording", ["words_hash"])
    op.create_table(
        "band",
        sa.Column("band", sa.BigInteger(), nullable=False),
        sa.Column("wording_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("band", "wording_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "suggestion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("suggested_at", _TIME, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["campaign.id"]),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["user.name"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("campaign_id", "other_id"),
    )
    op.create_index("ix_suggestion_other_id", "suggestion", ["other_id"])
    op.create_index("ix_suggestion_state", "suggestion", ["state"])
    op.create_table(
        "campaign_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("posts", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["campaign.id"]),
        sa.ForeignKeyConstraint(["user"], ["user.name"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_campaign_step_campaign_id", "campaign_step", ["campaign_id"])
    op.create_index("ix_campaign_step_other_id", "campaign_step", ["other_id"])
    op.create_table(
        "comeback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("gone_post_id", sa.Integer(), nullable=False),
        sa.Column("gone_platform", sa.String(), nullable=False),
        sa.Column("gone_at", _TIME, nullable=False),
        sa.Column("back_at", _TIME, nullable=False),
        sa.Column("days", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"]),
        sa.ForeignKeyConstraint(["gone_post_id"], ["post.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "subject_hash", "post_id"),
    )
    op.create_index("ix_comeback_post_id", "comeback", ["post_id"])


def _linking() -> None:
    op.create_table(
        "sharing",
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("linkable", sa.Boolean(), nullable=False),
        sa.Column("same_name", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("first_at", _TIME, nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("identity_id", "account_id"),
    )
    op.create_index("ix_sharing_account_id", "sharing", ["account_id"])
    op.create_index("ix_sharing_identity_id_linkable", "sharing", ["identity_id", "linkable"])
    op.create_index("ix_sharing_identity_id_platform", "sharing", ["identity_id", "platform"])
    op.create_table(
        "linked_set",
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"]),
        sa.ForeignKeyConstraint(["set_id"], ["identity.id"]),
        sa.PrimaryKeyConstraint("identity_id", "scope"),
    )
    op.create_index("ix_linked_set_set_id", "linked_set", ["set_id"])
    op.create_table(
        "link_basis",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "account_name",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=True),
        sa.Column("first_seen_at", _TIME, nullable=False),
        sa.Column("last_seen_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "name_hash"),
    )
