"""What imports and the loading of the demo company remember

Revision: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0003"
branch_labels = None
depends_on = None

WEB = "promiseline_web"
WORKER = "promiseline_worker"


def upgrade() -> None:
    for name in ("options", "details"):
        op.add_column("import_batch", sa.Column(name, postgresql.JSONB(), server_default="{}", nullable=False))
    op.add_column("receipt", sa.Column("import_key", sa.String(length=64), nullable=True))
    op.create_unique_constraint(op.f("uq_receipt_import_key"), "receipt", ["import_key"])
    op.create_table(
        "demo_progress",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.String(length=8), nullable=False),
        sa.Column("today", sa.Date(), nullable=False),
        sa.Column("percent", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("step", sa.String(length=80), server_default="", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_demo_progress_one_row")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_demo_progress_percent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_progress")),
    )
    op.execute(f"GRANT SELECT ON demo_progress TO {WEB}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON demo_progress TO {WORKER}")


def downgrade() -> None:
    op.drop_table("demo_progress")
    op.drop_constraint(op.f("uq_receipt_import_key"), "receipt", type_="unique")
    op.drop_column("receipt", "import_key")
    for name in ("details", "options"):
        op.drop_column("import_batch", name)
