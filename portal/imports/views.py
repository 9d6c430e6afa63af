"""Pages for bringing files in: upload, look at what was found, decide, see what came of it."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.utils import secure_filename

from domain.errors import RuleViolation
from importers.kinds import KINDS
from importers.neutral import neutralised
from importers.problems import Problem, grouped
from importers.templates import export, template
from portal import access
from portal.database import db
from portal.forms import take_faults
from portal.imports import queries
from portal.imports.forms import DecisionForm, UploadForm
from portal.models import ImportBatch
from portal.services import imports
from portal.services.import_kinds import IMPORT_KINDS

blueprint = Blueprint("imports", __name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Files from one address. A check costs seconds of a processor at most.
UPLOADS = "30 per minute"

#: An import's status as the badges know it, and in words.
BADGES = {
    "checked": ("pending", "Waits for your decision"),
    "applied": ("done", "Applied"),
    "refused": ("failed", "Nothing could be taken"),
    "discarded": ("superseded", "Discarded"),
}

#: Where the page of a thing is, by what the services call it.
ADDRESSES = {
    "order": "/orders/{}",
    "backorder": "/backorders/{}",
    "purchase_order_line": "/purchase-orders/{}",
    "product": "/products/{}",
    "supplier": "/planning/suppliers/{}",
}


def register(app: Flask) -> None:
    app.register_blueprint(blueprint)
    for limiter in app.extensions.get("limiter", ()):  # none where limits are turned off
        limiter.limit(UPLOADS)(app.view_functions["imports.upload"])


def _form() -> UploadForm:
    form = UploadForm()
    kinds = imports.kinds_for(access.the_user())
    form.kind.choices = [(name, KINDS[name].title) for name in kinds]
    return form


@blueprint.get("/imports")
@access.require(*imports.ANY_IMPORT)
def index() -> str:
    form = _form()
    wanted = request.args.get("kind")
    if wanted in dict(form.kind.choices):
        form.kind.data = wanted
    return _index(form)


def _index(form: UploadForm) -> str:
    kinds = imports.kinds_for(access.the_user())
    return render_template(
        "imports/index.html",
        form=form,
        kinds=[KINDS[name] for name in kinds],
        page=queries.history(kinds, request.args.get("cursor")),
        badges=BADGES,
        titles={name: kind.title for name, kind in KINDS.items()},
    )


@blueprint.post("/imports")
@access.require(*imports.ANY_IMPORT)
def upload() -> ResponseReturnValue:
    form = _form()
    options = form.options(access.the_user().time_zone) if form.validate() else None
    if options is None:
        return _index(form), 422
    file = form.file.data
    try:
        batch = imports.check_file(
            db.session(),
            access.who("import"),
            access.the_user(),
            form.kind.data,
            file.read(),
            file.filename or "",
            options,
        )
    except RuleViolation as violation:
        take_faults(form, violation)
        return _index(form), 422
    return redirect(url_for("imports.show", number=batch.number))


@blueprint.get("/imports/<number>")
@access.require(*imports.ANY_IMPORT)
def show(number: str) -> str:
    return _show(queries.batch(number), DecisionForm())


def _show(batch: ImportBatch, form: DecisionForm) -> str:
    problems = [Problem(**each) for each in batch.report["problems"]]
    return render_template(
        "imports/batch.html",
        batch=batch,
        report=batch.report,
        form=form,
        title=KINDS[batch.kind].title,
        badge_of=BADGES[batch.status],
        groups=grouped(problems),
        seen=imports.seen_before(db.session(), batch),
        results=[(what.replace("_", " "), key, _page_of(what, key)) for what, key in _results(batch)],
    )


def _results(batch: ImportBatch) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = [(what, key) for what, key in batch.details.get("results", ())]
    return found


def _page_of(what: str, key: str) -> str | None:
    """The address of a thing's page, where there is one."""
    address = ADDRESSES.get(what, "").format(key)
    try:
        current_app.url_map.bind("localhost").match(address or " ", method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return address


@blueprint.post("/imports/<number>/apply")
@access.require(*imports.ANY_IMPORT)
def apply(number: str) -> ResponseReturnValue:
    batch, form = queries.batch(number), DecisionForm()
    form.validate()
    try:
        imports.apply(db.session(), access.who("import"), batch, accept_valid=form.accept_valid.data)
    except RuleViolation as violation:
        take_faults(form, violation, {"accept_valid": "", "status": ""})
        return _show(queries.batch(number), form), 422
    report = batch.report
    flash(
        f"{report['created']} new, {report['updated']} changed, {report['unchanged']} were there already.",
        "success",
    )
    return redirect(url_for("imports.show", number=number))


@blueprint.post("/imports/<number>/discard")
@access.require(*imports.ANY_IMPORT)
def discard(number: str) -> ResponseReturnValue:
    batch, form = queries.batch(number), DecisionForm()
    form.validate()
    try:
        imports.discard(db.session(), access.who("import"), batch)
    except RuleViolation as violation:
        take_faults(form, violation, {"status": ""})
        return _show(queries.batch(number), form), 422
    flash(f"{number} was discarded; nothing of it was written.", "success")
    return redirect(url_for("imports.index"))


@blueprint.get("/imports/<number>/problems.csv")
@access.require(*imports.ANY_IMPORT)
def problems(number: str) -> Response:
    """Every problem, one a line, for whoever mends the file."""
    batch = queries.batch(number)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    names = ("sheet", "row", "column", "value", "code", "severity", "message")
    writer.writerow(names)
    for problem in batch.report["problems"]:
        writer.writerow([_cell(problem[name]) for name in names])
    return _download(out.getvalue().encode("utf-8-sig"), f"{number}-problems.csv", "text/csv")


def _cell(value: Any) -> Any:
    return neutralised(value) if isinstance(value, str) else value


@blueprint.get("/imports/templates/<kind>.xlsx")
@access.require(*imports.ANY_IMPORT)
def template_of(kind: str) -> Response:
    _demand(kind)
    return _download(template(kind), f"{kind}.xlsx", XLSX)


@blueprint.get("/imports/current/<kind>.xlsx")
@access.require(*imports.ANY_IMPORT)
def current(kind: str) -> Response:
    """What is kept now, in the shape in which it can be brought in again."""
    _demand(kind)
    rows = IMPORT_KINDS[kind].existing(db.session())
    return _download(export(kind, rows, access.the_user().time_zone), f"{kind}-now.xlsx", XLSX)


def _demand(kind: str) -> None:
    if kind not in IMPORT_KINDS:
        abort(404)
    access.demand(IMPORT_KINDS[kind].permission)


def _download(data: bytes, name: str, mimetype: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{secure_filename(name)}"'}
    return Response(data, mimetype=mimetype, headers=headers)
