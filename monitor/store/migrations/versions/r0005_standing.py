"""What the last re-check of a post found, and when.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Posts that are there were not asked about yet."""
    op.add_column("post", sa.Column("standing", sa.String(), nullable=True))
    op.add_column("post", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
