"""Consent to watching a home's water: homes that are watched already stay so, and the self-test asks for the paper."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with op.batch_alter_table("households", schema=None) as batch_op:
        batch_op.add_column(sa.Column("water_consent_by", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("water_consent_on", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("water_consent_paper", sa.Text(), nullable=True))
    op.execute(
        "UPDATE households SET water_consent_by = '', water_consent_on = '', water_consent_paper = '' "
        "WHERE household_id IN (SELECT household_id FROM meters)"
    )
