"""Roles, grants, row-level security, append-only ledgers, numbers that people see

Revision: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WEB = "promiseline_web"
WORKER = "promiseline_worker"

NUMBERS = (
    "sales_order_number",
    "backorder_number",
    "purchase_order_number",
    "receipt_number",
    "shipment_number",
    "pick_list_number",
    "import_number",
)

#: Rows that are written once: no role, not even the owner, may change or delete them.
LEDGERS = ("audit_event", "backorder_promise", "supply_promise", "stock_movement")

STAFF = "(SELECT promiseline_staff())"
OWN_SUPPLIER = "supplier_id = (SELECT promiseline_supplier())"
OWN_CUSTOMER = "customer_id = (SELECT promiseline_customer())"

#: Which rows the web sees and writes, by table. Tables not named here hold nobody's rows.
ROWS = {
    "supplier": f"{STAFF} OR id = (SELECT promiseline_supplier())",
    "customer": f"{STAFF} OR id = (SELECT promiseline_customer())",
    "purchase_order": f"{STAFF} OR {OWN_SUPPLIER}",
    "purchase_order_line": f"{STAFF} OR {OWN_SUPPLIER}",
    "purchase_order_schedule": f"{STAFF} OR {OWN_SUPPLIER}",
    "supplier_answer": f"{STAFF} OR {OWN_SUPPLIER}",
    "supply_promise": f"{STAFF} OR {OWN_SUPPLIER}",
    "receipt": f"{STAFF} OR {OWN_SUPPLIER}",
    "sales_order": f"{STAFF} OR {OWN_CUSTOMER}",
    "sales_order_line": f"{STAFF} OR {OWN_CUSTOMER}",
    "backorder": f"{STAFF} OR {OWN_CUSTOMER}",
    "backorder_promise": f"{STAFF} OR {OWN_CUSTOMER}",
    "shipment": f"{STAFF} OR {OWN_CUSTOMER}",
    "notice": f"{STAFF} OR {OWN_CUSTOMER} OR {OWN_SUPPLIER}",
    # signing in reads a user before it is known whose rows may be seen
    "app_user": f"{STAFF} OR {OWN_CUSTOMER} OR {OWN_SUPPLIER} OR id = (SELECT promiseline_user())"
    " OR (SELECT promiseline_signing_in())",
    "stock": STAFF,
    "stock_movement": STAFF,
    "soft_peg": STAFF,
    "allocation": STAFF,
    "allocation_run": STAFF,
    "pick_list": STAFF,
    "pick_list_line": STAFF,
    "import_batch": STAFF,
}

#: Tables that everybody's transaction writes to and only staff reads.
DROP_BOXES = ("outbox", "audit_event")


def upgrade() -> None:
    for role in (WEB, WORKER):
        op.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"
            f" THEN CREATE ROLE {role} NOLOGIN; END IF; END $$"
        )
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    for table in LEDGERS:
        op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM {WEB}, {WORKER}")
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {WEB}, {WORKER}")

    for name in NUMBERS:
        op.execute(f"CREATE SEQUENCE {name} START 100001")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {WEB}, {WORKER}")

    op.execute(
        "CREATE FUNCTION promiseline_staff() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE"
        " AS $$ SELECT coalesce(current_setting('app.staff', true), '') = 'on' $$"
    )
    op.execute(
        "CREATE FUNCTION promiseline_signing_in() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE"
        " AS $$ SELECT coalesce(current_setting('app.signing_in', true), '') = 'on' $$"
    )
    for party in ("supplier", "customer", "user"):
        op.execute(
            f"CREATE FUNCTION promiseline_{party}() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE"
            f" AS $$ SELECT nullif(current_setting('app.{party}_id', true), '')::bigint $$"
        )
    for table, visible in ROWS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker ON {table} TO {WORKER} USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY web ON {table} TO {WEB} USING ({visible}) WITH CHECK ({visible})")
    for table in DROP_BOXES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker ON {table} TO {WORKER} USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY web_writes ON {table} FOR INSERT TO {WEB} WITH CHECK (true)")
        op.execute(f"CREATE POLICY web_reads ON {table} FOR SELECT TO {WEB} USING ({STAFF})")
    op.execute(f"CREATE POLICY web_mends ON outbox FOR UPDATE TO {WEB} USING ({STAFF}) WITH CHECK ({STAFF})")

    op.execute(
        "CREATE FUNCTION promiseline_written_once() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION '% is written once: its rows are never changed or deleted', TG_TABLE_NAME;"
        " END $$"
    )
    for table in LEDGERS:
        op.execute(
            f"CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION promiseline_written_once()"
        )

    op.execute(
        "CREATE FUNCTION promiseline_outbox_written() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN PERFORM pg_notify('promiseline_outbox', ''); RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER written AFTER INSERT OR UPDATE ON outbox"
        " FOR EACH STATEMENT EXECUTE FUNCTION promiseline_outbox_written()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER written ON outbox")
    op.execute("DROP FUNCTION promiseline_outbox_written()")
    for table in LEDGERS:
        op.execute(f"DROP TRIGGER written_once ON {table}")
    op.execute("DROP FUNCTION promiseline_written_once()")
    op.execute("DROP POLICY web_mends ON outbox")
    for table in DROP_BOXES:
        for policy in ("worker", "web_writes", "web_reads"):
            op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in ROWS:
        op.execute(f"DROP POLICY worker ON {table}")
        op.execute(f"DROP POLICY web ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for function in ("staff", "signing_in", "supplier", "customer", "user"):
        op.execute(f"DROP FUNCTION promiseline_{function}()")
    for name in NUMBERS:
        op.execute(f"DROP SEQUENCE {name}")
    for role in (WEB, WORKER):
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
        op.execute(f"REVOKE USAGE ON SCHEMA public FROM {role}")
