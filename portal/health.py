"""How the installation is: for load balancers, supervisors and metrics collectors."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal import access
from portal.database import STAFF, db, set_party
from portal.gateway import engine_fault
from portal.migrate import head


def _database_fault() -> str | None:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return f"not reachable: {str(error.__cause__ or error).splitlines()[0]}"
    return None


def _migrations_fault() -> str | None:
    at = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    return None if at == head() else f"at {at}, not at {head()}: run `promiseline migrate`"


def readiness() -> dict[str, str]:
    """What keeps the installation from working, by part; empty when nothing does."""
    faults: dict[str, str] = {}
    database = _database_fault()
    if database:
        faults["database"] = database
    else:
        migrations = _migrations_fault()
        if migrations:
            faults["migrations"] = migrations
    faults.update(engine_fault(access.settings()))
    return faults


def register(app: Flask) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        """This process answers."""
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """Database, migrations, Temporal and a polling worker; 503 with the failing parts named."""
        faults = readiness()
        body: dict[str, Any] = {"status": "failing" if faults else "ok", "failing": faults}
        return jsonify(body), 503 if faults else 200

    @app.get("/metrics")
    def metrics() -> Response:
        """Counts for Prometheus, read from the database, so that any web process gives the same."""
        token = app.config["PROMISELINE"].metrics_token
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and not secrets.compare_digest(given, token):
            abort(404)
        if not token and request.remote_addr not in ("127.0.0.1", "::1"):
            abort(404)  # without a token, only from this machine
        set_party(db.session(), STAFF)
        return Response(generate_latest(_registry()), mimetype="text/plain; version=0.0.4")


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    open_backorders = Gauge("promiseline_backorders", "Backorders by status", ["status"], registry=registry)
    for status, count in db.session.execute(text("SELECT status, count(*) FROM backorder GROUP BY status")):
        open_backorders.labels(status).set(count)
    oldest = Gauge("promiseline_outbox_oldest_seconds", "Age of the oldest undelivered message", registry=registry)
    row = db.session.execute(
        text(
            "SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0),"
            " count(*) FILTER (WHERE dead_at IS NOT NULL) FROM outbox WHERE delivered_at IS NULL"
        )
    ).one()
    oldest.set(float(row[0]))
    Gauge("promiseline_outbox_dead", "Messages that were given up", registry=registry).set(row[1])
    unsent = Gauge("promiseline_notices", "Notices by status", ["status"], registry=registry)
    for status, count in db.session.execute(text("SELECT status, count(*) FROM notice GROUP BY status")):
        unsent.labels(status).set(count)
    return registry
