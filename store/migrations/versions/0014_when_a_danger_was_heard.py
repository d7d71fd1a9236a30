"""When a device's last word of a danger was heard: the clocks of two devices can't be compared."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("last_said", sa.Column("heard_at", sa.DateTime(), nullable=True))
    op.execute("UPDATE last_said SET heard_at = at")
