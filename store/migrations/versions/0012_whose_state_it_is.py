"""A meter's state knows its home: what it found there is found anew where the ledger moves the meter to."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    with op.batch_alter_table("detector_states", schema=None) as batch_op:
        batch_op.add_column(sa.Column("household_id", sa.Text(), nullable=True))
