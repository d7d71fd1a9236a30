"""A request may ask for refused messages, too, to be judged again."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("release_requests", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.Text(), server_default="quarantined", nullable=False))
