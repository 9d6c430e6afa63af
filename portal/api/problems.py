"""What programs are told when something can't be done: RFC 9457 problem details, whatever went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, json, request
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from domain.errors import Fault, NotFound, RuleViolation
from portal import errors
from portal.database import db

MEDIA_TYPE = "application/problem+json"
UNIQUE_VIOLATION = "23505"

DETAILS = {
    400: "The request can't be read.",
    401: "Send the header Authorization: Bearer with a valid token; `promiseline token create` makes one.",
    403: "Your account may not do this.",
    404: "There is nothing at this address that your account may see.",
    405: "This address knows other methods; see the header Allow.",
    409: "Things have moved on since you read them; read them again.",
    412: "It was changed since you read it: the ETag in If-Match is not the current one. Read it again.",
    413: "The request is larger than is accepted here.",
    415: "Send the body as application/json.",
    422: "Something in the request has to be mended; see errors.",
    429: "Too many calls in a short time; wait, then go on.",
    500: "Something went wrong here. It has been noted under request_id.",
    503: "A part that is needed here can't be reached now; try again in a moment.",
}

#: What marshmallow says, as code and words of ours. What isn't here keeps its words, with the code `invalid`.
SAID = {
    "Missing data for required field.": ("required", "This field is required"),
    "Unknown field.": ("unknown_field", "There is no such field here"),
    "Field may not be null.": ("null", "This field can't be null"),
    "Not a valid string.": ("not_text", "This has to be text"),
    "Not a valid integer.": ("not_an_integer", "This has to be a whole number"),
    "Not a valid list.": ("not_a_list", "This has to be a list"),
    "Not a valid date.": ("not_a_date", "This has to be a date: YYYY-MM-DD"),
    "Not a valid number.": ("not_a_number", "This has to be a number"),
    "Invalid input type.": ("not_an_object", "This has to be a JSON object"),
}


class Problem(Exception):
    """A refusal that has its own status, words or headers."""

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        #: Members beside the usual ones.
        self.more = dict(more or {})


def answer(
    status: int,
    detail: str | None = None,
    faults: Iterable[Fault] = (),
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    phrase = HTTPStatus(status).phrase
    body = {
        **(more or {}),
        "type": f"urn:promiseline:problem:{phrase.lower().replace(' ', '-')}",
        "title": phrase,
        "status": status,
        "detail": detail or DETAILS.get(status, phrase),
        "instance": request.path,
        "request_id": g.get("request_id"),
        "errors": [{"field": each.field, "code": each.code, "message": each.message} for each in faults],
    }
    return Response(json.dumps(body), status, headers, mimetype=MEDIA_TYPE)


def from_problem(problem: Problem) -> Response:
    db.session.rollback()
    return answer(problem.status, problem.detail, problem.faults, problem.headers, problem.more)


def from_violation(violation: RuleViolation) -> Response:
    """What a rule says. What is not found is 404 when the address names it, 422 when the body does."""
    db.session.rollback()
    status = errors.status_of(violation)
    if isinstance(violation, NotFound) and not {each.field for each in violation.faults} & set(
        request.view_args or ()
    ):
        status = 422
    return answer(status, str(violation), violation.faults)


def from_http(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if code < 400:
        return error
    db.session.rollback()
    said = getattr(error, "data", {}).get("messages", {})
    faults = [fault for of_location in said.values() for fault in faults_in(of_location)]
    allowed = getattr(error, "valid_methods", None)
    return answer(code, None, faults, {"Allow": ", ".join(sorted(allowed))} if allowed else None)


def faults_in(messages: Any, path: tuple[str, ...] = ()) -> Iterator[Fault]:
    """marshmallow's nested messages, flat: {"lines": {0: {"sku": ["…"]}}} is a fault of lines.0.sku."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from faults_in(inner, path if key == "_schema" else (*path, str(key)))
        return
    for message in [messages] if isinstance(messages, str) else messages:
        code, words = SAID.get(message, ("invalid", message))
        yield Fault(".".join(path) or "body", code, words)


def from_integrity(error: IntegrityError) -> Response:
    """Two calls made the same thing at the same time, and this one was second."""
    if getattr(error.orig, "sqlstate", None) != UNIQUE_VIOLATION:
        return from_fault(error)
    db.session.rollback()
    return answer(409, "Another call made the same at this moment; look at what is there now.")


def from_outage(error: OperationalError) -> Response:
    current_app.logger.exception("the database can't be used")
    db.session.rollback()
    return answer(503, headers={"Retry-After": "2"})


def from_fault(error: Exception) -> Response:
    current_app.logger.exception("request failed")
    db.session.rollback()
    return answer(500)


def speak(blueprint: Blueprint) -> None:
    """Let every error within a blueprint be a problem."""
    blueprint.register_error_handler(Problem, from_problem)
    blueprint.register_error_handler(RuleViolation, from_violation)
    blueprint.register_error_handler(HTTPException, from_http)
    blueprint.register_error_handler(IntegrityError, from_integrity)
    blueprint.register_error_handler(OperationalError, from_outage)
    blueprint.register_error_handler(Exception, from_fault)


def speak_everywhere(app: Flask) -> None:
    """The same for addresses and methods below /api that no blueprint knows."""

    def show(error: HTTPException) -> object:
        return from_http(error) if request.path.startswith("/api/") else errors.show(error)

    app.register_error_handler(404, show)
    app.register_error_handler(405, show)
