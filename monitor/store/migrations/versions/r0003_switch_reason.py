"""The reason of a stop, encrypted like every reason.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Reasons that are there in clear go (a migration has no key); who switched, and when, stays."""
    op.drop_column("switch", "reason")
    op.add_column("switch", sa.Column("reason", sa.LargeBinary(), nullable=True))
