"""Files brought in: check everything, show what would change, then apply all of it, or the valid rows.

Applying reads the stored file anew and plans it under locks, so that what was checked an hour ago is written
only as far as it still holds. Everything is written in one transaction, or nothing is.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from domain.errors import Conflict, Fault, Forbidden, RuleViolation
from domain.roles import Permission
from importers.check import Checked, Options, check
from importers.limits import Limits
from importers.problems import Problem, UnreadableFile
from portal.models import ImportBatch, User
from portal.services.import_kinds import IMPORT_KINDS
from portal.services.import_kinds.plan import Findings, ImportKind, Plan, Planned, Result
from portal.services.transaction import (
    Context,
    announce,
    found,
    lock_products,
    next_number,
    plain,
    record,
    service,
)

#: How many differences and results are kept with a batch for people to look at.
MOST_SHOWN = 200

#: One import is applied at a time, so that two files can't both add the same code.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('promiseline_import'))")


@dataclass(frozen=True)
class Examined:
    """A file, read and held against the tables. `checked` is None for bytes that are no spreadsheet."""

    kind: ImportKind
    checked: Checked | None
    plan: Plan
    problems: list[Problem]
    report: dict[str, Any]

    @property
    def can_be_taken(self) -> bool:
        """Whether there is a row to take."""
        return bool(self.plan.rows)


def kind_named(name: str) -> ImportKind:
    """Raises NotFound for a kind that there is not."""
    return found(IMPORT_KINDS.get(name), "kind", "kind of import", name)


def demand_permission(user: User | None, kind: ImportKind) -> None:
    """Raise Forbidden unless the user may bring in this kind. Nobody (None) is the system itself."""
    if user is not None and not user.may(kind.permission):
        raise Forbidden.of("kind", "not_allowed", f"You can't import {kind.name.replace('_', ' ')}")


def kinds_for(user: User) -> list[str]:
    """The kinds that a user may bring in."""
    return [name for name, kind in IMPORT_KINDS.items() if user.may(kind.permission)]


#: Whoever has one of these may bring in something.
ANY_IMPORT: frozenset[Permission] = frozenset(kind.permission for kind in IMPORT_KINDS.values())


def examine(
    session: Session,
    who: Context,
    kind: str,
    data: bytes,
    filename: str = "",
    options: Options | None = None,
) -> Examined:
    """Read a file and plan it against the tables, writing nothing. Raises NotFound for an unknown kind; all
    else that is wrong is in the report."""
    began = time.perf_counter()
    wanted = kind_named(kind)
    try:
        checked = check(kind, data, filename, options)
    except UnreadableFile as unreadable:
        problem = Problem(None, None, None, filename or None, "unreadable_file", "error", str(unreadable))
        report = _report(kind, filename, None, Plan([]), [problem], began)
        return Examined(wanted, None, Plan([]), [problem], report)
    return _examine(session, who, wanted, checked, began)


def _examine(session: Session, who: Context, kind: ImportKind, checked: Checked, began: float) -> Examined:
    findings = Findings(checked)
    plan = Plan([]) if checked.blocked else kind.plan(session, who, findings)
    most = max(Limits().max_problems, len(checked.problems))
    problems = sorted([*checked.problems, *findings.problems], key=lambda problem: problem.row or 0)[:most]
    report = _report(kind.name, checked.filename, checked, plan, problems, began, findings.refused)
    return Examined(kind, checked, plan, problems, report)


def _report(
    kind: str,
    filename: str,
    checked: Checked | None,
    plan: Plan,
    problems: list[Problem],
    began: float,
    refused: list[int] | None = None,
) -> dict[str, Any]:
    """The shape that programs rely on."""
    rows = checked.rows_read if checked else 0
    rejected = len({*checked.refused, *(refused or ())}) if checked else 0
    return {
        "type": kind,
        "file": filename,
        "rows": rows,
        "accepted": rows - rejected,
        "rejected": rejected,
        "created": len(plan.of("create")),
        "updated": len(plan.of("update")),
        "unchanged": len(plan.of("unchanged")),
        "problems": [problem.as_dict() for problem in problems],
        "elapsed_s": round(time.perf_counter() - began, 3),
    }


@service
def check_file(
    session: Session,
    who: Context,
    user: User | None,
    kind: str,
    data: bytes,
    filename: str = "",
    options: Options | None = None,
) -> ImportBatch:
    """Check a file and keep it with its report for a person to decide on; write nothing else.

    Its status is `refused` when no row of it can be taken, else `checked`. Raises Forbidden, NotFound.
    """
    demand_permission(user, kind_named(kind))
    return _keep(session, who, user, examine(session, who, kind, data, filename, options), data, filename, options)


def _keep(
    session: Session,
    who: Context,
    user: User | None,
    examined: Examined,
    data: bytes,
    filename: str,
    options: Options | None,
) -> ImportBatch:
    batch = ImportBatch(
        number=next_number(session, "import_number", "IM"),
        kind=examined.kind.name,
        file_name=filename[-255:],
        digest=hashlib.sha256(data).hexdigest(),
        content=data,
        status="checked" if examined.can_be_taken else "refused",
        report=examined.report,
        options=options_as_dict(options or Options()),
        details=_details(examined.plan, []),
        user_id=user.id if user else None,
        actor=who.actor,
        created_at=who.now,
    )
    session.add(batch)
    session.flush()
    counts = {name: examined.report[name] for name in ("rows", "accepted", "rejected")}
    record(session, who, f"import.{batch.status}", "import", batch.number, after={"kind": batch.kind, **counts})
    return batch


@service
def apply(session: Session, who: Context, batch: ImportBatch, accept_valid: bool) -> ImportBatch:
    """Write what a checked file says: all rows, or with `accept_valid` those that are fit.

    A batch that was applied already is returned as it is. Raises Conflict for one that was discarded or
    refused, RuleViolation when rows are refused and the valid ones alone were not asked for.
    """
    session.refresh(batch, with_for_update=True)
    if batch.status == "applied":
        return batch
    if batch.status != "checked":
        raise Conflict([Fault("status", "not_open", f"{batch.number} was {batch.status}; upload the file again")])
    return _apply(session, who, batch, accept_valid)


@service
def load(
    session: Session,
    who: Context,
    user: User | None,
    kind: str,
    data: bytes,
    filename: str = "",
    options: Options | None = None,
    *,
    accept_valid: bool = False,
) -> tuple[dict[str, Any], ImportBatch | None]:
    """Check and apply in one go: the report, and the batch if it was applied. When rows are refused and
    `accept_valid` is not set, or no row is left, nothing is written at all."""
    demand_permission(user, kind_named(kind))
    examined = examine(session, who, kind, data, filename, options)
    if not examined.can_be_taken or (_is_refused(examined.report) and not accept_valid):
        return examined.report, None
    batch = _keep(session, who, user, examined, data, filename, options)
    _apply(session, who, batch, accept_valid)
    return batch.report, batch


def _is_refused(report: Mapping[str, Any]) -> bool:
    return bool(report["rejected"]) or any(problem["severity"] == "error" for problem in report["problems"])


def _apply(session: Session, who: Context, batch: ImportBatch, accept_valid: bool) -> ImportBatch:
    began = time.perf_counter()
    session.execute(_LOCK)
    kind = kind_named(batch.kind)
    checked = check(batch.kind, batch.content, batch.file_name, options_from_dict(batch.options))
    examined = _examine(session, who, kind, checked, began)
    if examined.plan.products:
        lock_products(session, examined.plan.products)
        examined = _examine(session, who, kind, checked, began)
    if _is_refused(examined.report) and not accept_valid:
        raise RuleViolation.of(
            "accept_valid",
            "rows_refused",
            f"{examined.report['rejected']} of {examined.report['rows']} rows can't be taken, so nothing was"
            " written. Correct the file, or choose to take the valid rows only",
        )
    if not examined.can_be_taken:
        raise RuleViolation.of("accept_valid", "nothing_left", "No row of this file can be taken any more")
    results = kind.write(session, who, examined.plan, batch.number)
    session.flush()
    batch.status = "applied"
    batch.applied_at = who.now
    batch.report = {**examined.report, "elapsed_s": round(time.perf_counter() - began, 3)}
    batch.details = _details(examined.plan, results)
    counts = {name: batch.report[name] for name in ("created", "updated", "unchanged", "rejected")}
    record(session, who, "import.applied", "import", batch.number, after={"kind": batch.kind, **counts})
    announce(session, f"import:{batch.number}")
    session.flush()
    return batch


@service
def discard(session: Session, who: Context, batch: ImportBatch) -> ImportBatch:
    """Decide against a checked file. Raises Conflict when it was applied."""
    session.refresh(batch, with_for_update=True)
    if batch.status == "applied":
        raise Conflict([Fault("status", "applied", f"{batch.number} was applied already; it can't be discarded")])
    if batch.status == "checked":
        batch.status = "discarded"
        record(session, who, "import.discarded", "import", batch.number)
        announce(session, f"import:{batch.number}")
    return batch


def seen_before(session: Session, batch: ImportBatch) -> ImportBatch | None:
    """The last time that the same bytes were applied as the same kind, if ever."""
    return session.scalar(
        select(ImportBatch)
        .where(
            ImportBatch.digest == batch.digest,
            ImportBatch.kind == batch.kind,
            ImportBatch.status == "applied",
            ImportBatch.id != batch.id,
        )
        .order_by(ImportBatch.id.desc())
        .limit(1)
    )


def _details(plan: Plan, results: list[Result]) -> dict[str, Any]:
    changed = plan.of("create", "update")
    return {
        "changes": [_change(each) for each in changed[:MOST_SHOWN]],
        "results": [list(result) for result in results[:MOST_SHOWN]],
        "results_in_all": len(results),
    }


def _change(each: Planned) -> dict[str, Any]:
    return {
        "row": each.row.number,
        "key": each.key,
        "outcome": each.outcome,
        "changes": plain({name: list(pair) for name, pair in each.changes.items()}),
    }


def options_as_dict(options: Options) -> dict[str, Any]:
    """As JSON keeps them; limits are the installation's own and not kept."""
    kept = asdict(options)
    del kept["limits"]
    return kept


def options_from_dict(kept: Mapping[str, Any]) -> Options:
    """Raises importers.check.BadOption for options that make no sense."""
    return Options(**kept)
