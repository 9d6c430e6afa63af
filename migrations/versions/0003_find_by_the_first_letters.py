"""Find numbers, SKUs and names by their first letters; note since when a backorder stands where it stands

Row-level security lets an index answer only comparisons that can't leak a row's value. LIKE and lower()
may, so names are kept in lower case and compared byte by byte, which is what text_pattern_ops does.

Revision: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PREFIXES = (
    ("sales_order", "number"),
    ("backorder", "number"),
    ("customer", "code"),
    ("customer", "search_name"),
    ("product", "sku"),
)


def upgrade() -> None:
    op.add_column("backorder", sa.Column("status_since", sa.DateTime(timezone=True), server_default=sa.func.now()))
    op.execute("UPDATE backorder SET status_since = coalesce(closed_at, opened_at)")
    op.alter_column("backorder", "status_since", nullable=False)
    op.add_column("customer", sa.Column("search_name", sa.String(200), sa.Computed("lower(name)", persisted=True)))
    op.alter_column("customer", "search_name", nullable=False)
    for table, column in PREFIXES:
        op.create_index(
            f"ix_{table}_{column}_prefix", table, [column], postgresql_ops={column: "text_pattern_ops"}
        )
    op.create_index(
        "ix_product_name_words", "product", [sa.text("to_tsvector('simple', name)")], postgresql_using="gin"
    )
    op.create_index(
        "ix_backorder_open_turn",
        "backorder",
        ["priority", "requested_date", "id"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_shipment_on_its_way", "shipment", ["id"], postgresql_where=sa.text("delivered_at IS NULL"))
    op.create_index("ix_pick_list_live", "pick_list", ["id"], postgresql_where=sa.text("status <> 'closed'"))


def downgrade() -> None:
    op.drop_index("ix_pick_list_live", "pick_list")
    op.drop_index("ix_shipment_on_its_way", "shipment")
    op.drop_index("ix_backorder_open_turn", "backorder")
    op.drop_index("ix_product_name_words", "product")
    for table, column in reversed(PREFIXES):
        op.drop_index(f"ix_{table}_{column}_prefix", table)
    op.drop_column("customer", "search_name")
    op.drop_column("backorder", "status_since")
