"""Spreadsheets brought in by programs: a template, a file, the report."""

from __future__ import annotations

import io
from typing import Any

import marshmallow as ma
from flask import Response, abort, send_file
from flask_smorest.fields import Upload

from domain.errors import RuleViolation
from importers.check import BadOption, Options
from importers.templates import template
from portal import access
from portal.api.calls import ApiBlueprint, acts, count_upload, fetched
from portal.api.fields import In, Out, Text
from portal.api.problems import Problem
from portal.database import db
from portal.imports import queries
from portal.models import ImportBatch
from portal.services import imports
from portal.services.import_kinds import IMPORT_KINDS
from portal.services.import_kinds.plan import ImportKind

blueprint = ApiBlueprint("Imports", f"Spreadsheets. Kinds are {', '.join(IMPORT_KINDS)}.")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ProblemInFileOut(Out):
    sheet = ma.fields.String(allow_none=True)
    row = ma.fields.Integer(allow_none=True, metadata={"description": "The number that Excel shows."})
    column = ma.fields.String(allow_none=True)
    value = ma.fields.String(allow_none=True)
    code = ma.fields.String()
    severity = ma.fields.String()
    message = ma.fields.String()


class ReportOut(Out):
    type = ma.fields.String()
    file = ma.fields.String()
    rows = ma.fields.Integer()
    accepted = ma.fields.Integer()
    rejected = ma.fields.Integer()
    created = ma.fields.Integer()
    updated = ma.fields.Integer()
    unchanged = ma.fields.Integer()
    problems = ma.fields.List(ma.fields.Nested(ProblemInFileOut))
    elapsed_s = ma.fields.Float()
    number = ma.fields.String(
        allow_none=True, metadata={"description": "By which it is found again; null for a dry run."}
    )
    status = ma.fields.String(metadata={"enum": ["dry_run", "checked", "applied", "refused", "discarded"]})


class FileIn(In):
    file = Upload(required=True, metadata={"description": "xlsx, xls, ods or csv."})


class ImportOptions(In):
    dry_run = ma.fields.Boolean(
        load_default=False, metadata={"description": "Say what would change, and change nothing."}
    )
    accept_valid = ma.fields.Boolean(
        load_default=False, metadata={"description": "Take the valid rows when others are refused."}
    )
    sheet = Text(most=200, load_default=None)
    date_format = Text(
        most=40, load_default=None, metadata={"description": "The order of day, month and year: dmy, DD.MM.YYYY."}
    )
    decimal = ma.fields.String(load_default=None, validate=ma.validate.OneOf([".", ","]))


def _kind(name: str) -> ImportKind:
    access.demand(*imports.ANY_IMPORT)
    return IMPORT_KINDS.get(name) or abort(404)


def _kind_to_upload(name: str) -> ImportKind:
    kind = _kind(name)
    access.demand(kind.permission)
    count_upload()
    return kind


def _batch(name: str) -> ImportBatch:
    access.demand(*imports.ANY_IMPORT)
    return queries.batch(name)


@blueprint.route("/imports/templates/<name>")
@fetched(_kind)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=XLSX)
def get_import_template(kind: ImportKind) -> Response:
    """An empty workbook of a kind, with its columns explained"""
    return send_file(io.BytesIO(template(kind.name)), XLSX, True, f"{kind.name}.xlsx")


@blueprint.route(
    "/imports/<name>", parameters=[{"in": "path", "name": "name", "description": "The kind, or the number."}]
)
@fetched(_batch)
@blueprint.response(200, ReportOut)
def get_import(batch: ImportBatch) -> dict[str, Any]:
    """The report of an import, by its number"""
    return _reported(batch)


@blueprint.route("/imports/<name>", methods=["POST"])
@fetched(_kind_to_upload)
@acts
@blueprint.arguments(ImportOptions, location="query")
@blueprint.arguments(FileIn, location="files")
@blueprint.response(201, ReportOut)
@blueprint.alt_response(200, schema=ReportOut, description="The report of a dry run", success=True)
def create_import(kind: ImportKind, asked: dict[str, Any], files: dict[str, Any]) -> Any:
    """Bring in a file of a kind

    Rows that are refused refuse the whole file, unless `accept_valid` is set: then the answer is a problem
    that also holds the members of the report (but `type`), and nothing was written. The same file twice
    changes nothing the second time.
    """
    session, who, user = db.session(), access.who("api"), access.the_user()
    file = files["file"]
    try:
        options = Options(
            sheet=asked["sheet"],
            date_format=asked["date_format"],
            decimal=asked["decimal"],
            time_zone=user.time_zone,
        )
    except BadOption as bad:
        raise RuleViolation.of("date_format", "bad_option", str(bad)) from bad
    data, name = file.read(), file.filename or ""
    if asked["dry_run"]:
        examined = imports.examine(session, who, kind.name, data, name, options)
        return {**examined.report, "number": None, "status": "dry_run"}, 200
    report, batch = imports.load(
        session, who, user, kind.name, data, name, options, accept_valid=asked["accept_valid"]
    )
    if batch is None:
        raise Problem(422, _why(report), more={key: report[key] for key in report if key != "type"})
    return _reported(batch)


def _why(report: dict[str, Any]) -> str:
    if report["rejected"] and report["accepted"]:
        return (
            f"{report['rejected']} of {report['rows']} rows can't be taken, so nothing was written. Correct the"
            " file, or take the valid rows only with accept_valid=true"
        )
    return "No row of this file can be taken, so nothing was written; see problems"


def _reported(batch: ImportBatch) -> dict[str, Any]:
    return {**batch.report, "number": batch.number, "status": batch.status}
