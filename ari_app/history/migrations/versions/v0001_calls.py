"""The first version: calls with their agents and segments, states of agents, what agents noted."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(128)


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "calls",
        sa.Column("id", _ID, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("answered_at", sa.Double()),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("ended_by", _ID, nullable=False),
        sa.Column("end_reason", sa.String(32), nullable=False),
        sa.Column("dialled", sa.Text()),
        sa.Column("queue", _ID),
        sa.Column("queued_at", sa.Double()),
        sa.Column("contact", sa.Boolean(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("contact_number", sa.Text(), nullable=False),
        sa.Column("contact_anonymous", sa.Boolean(), nullable=False),
        sa.Column("caller_id", _ID),
        sa.Column("parent", _ID),
        sa.Column("transfers", sa.Integer(), nullable=False),
        sa.Column("conferences", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
    )
    op.create_index("ix_calls_ended_at_id_started_at", "calls", ["ended_at", "id", "started_at"])
    op.create_index("ix_calls_queue_ended_at_id", "calls", ["queue", "ended_at", "id"])
    op.create_index("ix_calls_outcome_ended_at_id", "calls", ["outcome", "ended_at", "id"])
    op.create_index("ix_calls_numbers", "calls", ["ended_at", "id", "contact_number", "dialled"])
    op.create_table(
        "call_agents",
        sa.Column("call_id", _ID, nullable=False),
        sa.Column("agent", _ID, nullable=False),
        sa.Column("missed", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "agent", name="pk_call_agents"),
    )
    op.create_index("ix_call_agents_agent_ended_at_call_id", "call_agents", ["agent", "ended_at", "call_id"])
    op.create_table(
        "segments",
        sa.Column("call_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("party", _ID, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("begun_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("ended", sa.String(16), nullable=False),
        sa.Column("ended_by", _ID),
        sa.Column("agent", _ID),
        sa.Column("target", sa.Text()),
        sa.Column("offer", sa.String(16)),
        sa.Column("place", sa.Integer()),
        sa.Column("last_place", sa.Integer()),
        sa.PrimaryKeyConstraint("call_id", "position", name="pk_segments"),
    )
    op.create_table(
        "agent_states",
        sa.Column("agent", _ID, nullable=False),
        sa.Column("begun_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("call_id", _ID),
        sa.PrimaryKeyConstraint("agent", "begun_at", name="pk_agent_states"),
    )
    op.create_index("ix_agent_states_ended_at_agent_begun_at", "agent_states", ["ended_at", "agent", "begun_at"])
    op.create_index("ix_agent_states_call_id", "agent_states", ["call_id"])
    op.create_table(
        "dispositions",
        sa.Column("call_id", _ID, nullable=False),
        sa.Column("agent", _ID, nullable=False),
        sa.Column("code", _ID),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "agent", name="pk_dispositions"),
    )
    op.create_index("ix_dispositions_at", "dispositions", ["at"])
    op.create_table(
        "set_aside",
        sa.Column("key", sa.String(512), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_set_aside"),
    )


def downgrade() -> None:
    """Remove them, with all that is in them."""
    for table in ("set_aside", "dispositions", "agent_states", "segments", "call_agents", "calls"):
        op.drop_table(table)
