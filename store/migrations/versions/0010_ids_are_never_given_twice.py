"""No new alert, text, band or meeting gets the id of a deleted one: receipts and logs may still name it."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for name in ("alerts", "messages", "wristbands", "meetings"):
        with op.batch_alter_table(name, recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass
