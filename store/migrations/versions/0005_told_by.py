"""How a resident or contact wants to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for table in ("contacts", "residents"):
        op.add_column(table, sa.Column("told_by", sa.Text(), nullable=True))
