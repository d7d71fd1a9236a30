"""Whether a text left since a failure, and what texts cost in a day, is found without reading all that ever left."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.drop_index("ix_messages_community_id", table_name="messages")
    op.create_index("ix_messages_sent_at", "messages", ["sent_at"])
