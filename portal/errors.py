"""What people see when something can't be done. Programs see problem details; see portal/api."""

from __future__ import annotations

from flask import Flask, current_app, render_template
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from domain.errors import Conflict, Forbidden, NotFound, RuleViolation
from portal.database import db

PAGES = {400, 403, 404, 409, 429, 500}


def status_of(violation: RuleViolation) -> int:
    """The HTTP status that says what kind of violation it is."""
    match violation:
        case NotFound():
            return 404
        case Forbidden():
            return 403
        case Conflict():
            return 409
    return 422


def register(app: Flask) -> None:
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(RuleViolation, show_violation)
    app.register_error_handler(DataError, show_impossible)
    app.register_error_handler(Exception, show_fault)


def show(error: HTTPException) -> object:
    code = error.code or 500
    if code < 400:
        return error  # a redirect
    db.session.rollback()
    return _page(code, None)


def show_violation(violation: RuleViolation) -> object:
    """A rule that no form caught: the page says what is wrong."""
    db.session.rollback()
    return _page(status_of(violation), str(violation), {422: 400}.get(status_of(violation)))


def show_impossible(error: DataError) -> object:
    """An address with a value that no column can hold, such as a forged cursor."""
    db.session.rollback()
    return _page(400, "The address holds a value that can't be right")


def show_fault(error: Exception) -> object:
    current_app.logger.exception("request failed")
    db.session.rollback()
    return _page(500, None)


def _page(code: int, message: str | None, looks_like: int | None = None) -> object:
    wanted = looks_like or code
    name = wanted if wanted in PAGES else 400 if wanted < 500 else 500
    return render_template(f"errors/{name}.html", detail=message), code
