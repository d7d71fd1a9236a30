"""A meter's step is measured from its readings; nothing read what the ledger said of it."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.drop_column("meters", "resolution_l")
