"""Guardians' codes and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "guardian_codes",
        sa.Column("code_id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.contact_id"], name=op.f("fk_guardian_codes_contact_id")),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_guardian_codes")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_guardian_codes_secret_hash")),
    )
    with op.batch_alter_table("guardian_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guardian_codes_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "guardian_sessions",
        sa.Column("session_hash", sa.LargeBinary(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("by_code", sa.Boolean(), nullable=False),
        sa.Column("csrf_token", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.contact_id"], name=op.f("fk_guardian_sessions_contact_id")),
        sa.PrimaryKeyConstraint("session_hash", name=op.f("pk_guardian_sessions")),
    )
    with op.batch_alter_table("guardian_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guardian_sessions_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_guardian_sessions_expires_at"), ["expires_at"], unique=False)
