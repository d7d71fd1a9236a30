"""Consents outlive the rows of those who gave them; a home's consent to watching its water has a history too."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("withdrawn_by", sa.Text(), nullable=True))
        batch_op.drop_constraint("fk_consents_resident_id", type_="foreignkey")
    op.create_table(
        "water_consents",
        sa.Column("consent_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Text(), nullable=False),
        sa.Column("given_on", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_on", sa.Text(), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_water_consents")),
    )
    with op.batch_alter_table("water_consents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_water_consents_household_id"), ["household_id"], unique=False)
    op.execute(
        "INSERT INTO water_consents (household_id, given_on, given_by, paper, recorded_by) "
        "SELECT household_id, water_consent_on, water_consent_by, water_consent_paper, 'ledger' FROM households "
        "WHERE water_consent_by IS NOT NULL"
    )
