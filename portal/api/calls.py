"""What every call has in common: who calls, what they may reach, once only, and on the version they saw."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

from flask import Flask, Request, Response, current_app, g, request
from flask_smorest import Blueprint
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from marshmallow import RAISE
from webargs.core import is_json, missing
from webargs.flaskparser import FlaskParser

from domain.errors import Fault, RuleViolation
from domain.roles import Permission
from portal import access
from portal.api import problems
from portal.api.problems import Problem
from portal.database import SIGNING_IN, db, utcnow
from portal.services import idempotency
from portal.services.accounts import token_hash, user_of_token
from portal.services.transaction import joined

View = Callable[..., Any]

#: What one token may do, and how often one address may try tokens that are none. Counted per process.
RATE = parse("1200 per minute")
TRIES = parse("60 per minute")
#: Files cost seconds of a processor at most.
UPLOADS = parse("60 per minute")

#: Bytes of the largest body that is not a file: far more than an order of 500 lines.
LARGEST_BODY = 1024 * 1024


class Parser(FlaskParser):
    """Reads JSON with exact numbers; refuses what is no JSON, and query fields that nobody knows."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"query": RAISE}

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if not is_json(req.mimetype):
            if body:
                raise Problem(415)
            return missing
        try:
            return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise Problem(
                400, faults=[Fault("body", "not_json", f"The body is not valid JSON: {str(error)[:200]}")]
            ) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


class ApiBlueprint(Blueprint):
    """A part of the API: its calls need a token, its errors are problems, its operations have their names."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, __name__, url_prefix="/api/v1", description=description)
        self._prepare_doc_cbks.append(_describe_headers)
        self.before_request(authenticate)
        self.after_request(_keep_private)
        problems.speak(self)

    def _store_endpoint_docs(self, endpoint: str, obj: View, parameters: Any, tags: Any, **options: Any) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        for method, docs in self._docs[endpoint].items():
            if method != "parameters":
                docs["manual_doc"] = {"operationId": endpoint} | docs.get("manual_doc", {})


def _keep_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Authorization")
    return response


def _describe_headers(doc: dict[str, Any], doc_info: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    named = doc_info.get("headers", ())
    if named:
        doc["parameters"] = [*doc.get("parameters", []), *named]
    if "ETAG" in doc_info.get("answers_with", ()):
        for status in doc_info.get("success_status_codes", ()):
            doc["responses"][status].setdefault("headers", {})["ETag"] = "ETAG"
    return doc


def _documented(view: View, **facts: list[str]) -> View:
    """Note what a wrapper adds to the view's documentation."""
    known = getattr(view, "_apidoc", {})
    view._apidoc = known | {name: [*known.get(name, []), *more] for name, more in facts.items()}  # type: ignore[attr-defined]  # the place where flask-smorest keeps it
    return view


def rate_limiter() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(MemoryStorage())


def _count(app: Flask, rate: Any, *who: str) -> None:
    if app.config["RATELIMIT_ENABLED"] and not app.extensions["promiseline-api-rates"].hit(rate, *who):
        raise Problem(429, headers={"Retry-After": str(rate.get_expiry())})


def count_upload() -> None:
    """429 when this user uploads too often."""
    _count(current_app._get_current_object(), UPLOADS, "upload", str(access.the_user().id))


def authenticate() -> None:
    """Act as the token's user. A session's cookie counts for nothing here, so that no form can forge a call."""
    if request.mimetype != "multipart/form-data":
        request.max_content_length = LARGEST_BODY
    g.pop("user", None)
    access.see_as(SIGNING_IN)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else ""
    user = user_of_token(db.session(), token, utcnow()) if token else None
    app = current_app._get_current_object()
    if user is None:
        _count(app, TRIES, "refused", request.remote_addr or "")
        challenge = 'Bearer realm="promiseline"' + (', error="invalid_token"' if token else "")
        raise Problem(401, headers={"WWW-Authenticate": challenge})
    _count(app, RATE, "token", token_hash(token))
    access.act_as(user)
    if "\x00" in "".join(map(str, (request.view_args or {}).values())):
        raise Problem(404)


def allowed(*anyof: Permission) -> Callable[[View], View]:
    """For users with one of these permissions; for every user when none is named."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            access.demand(*anyof)
            return view(*args, **kwargs)

        return guarded

    return decorate


def fetched(fetch: Callable[..., Any], *anyof: Permission) -> Callable[[View], View]:
    """Give the view what its address names, if this user may see it (else 404) and has one of these
    permissions (else 403). The body is not looked at before."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(**names: Any) -> Any:
            thing = fetch(**names)
            access.demand(*anyof)
            return view(thing)

        return guarded

    return decorate


def acts(view: View) -> View:
    """For calls that change something: one transaction, and once only for each Idempotency-Key."""

    @functools.wraps(view)
    def once(*args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(idempotency.HEADER)
        session = db.session()
        with joined(session):
            if key is None:
                plain: Response = view(*args, **kwargs)
                return plain
            user_id = access.the_user().id
            given = idempotency.claim(session, user_id, _checked(key), _request_hash(), utcnow())
            if given is not None:
                replayed = {"Idempotency-Replayed": "true"}
                return Response(given.body, given.status, replayed, mimetype="application/json")
            response: Response = view(*args, **kwargs)
            idempotency.keep(session, user_id, key, response.status_code, response.get_data(as_text=True))
            return response

    return _documented(once, headers=["IDEMPOTENCY_KEY"])


def _checked(key: str) -> str:
    if not (1 <= len(key) <= 200 and key.isascii() and key.isprintable()):
        raise RuleViolation.of(
            idempotency.HEADER, "bad_key", f"{idempotency.HEADER} has to be 1 to 200 printable ASCII characters"
        )
    return key


def _request_hash() -> str:
    """What makes two calls the same: method, address, body; of an upload the content, not its boundaries."""
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    if request.mimetype == "multipart/form-data":
        for name, value in sorted(request.form.items(multi=True)):
            digest.update(json.dumps([name, value]).encode())
        for name, file in sorted(request.files.items(multi=True)):
            content = hashlib.file_digest(file.stream, "sha256").hexdigest()  # type: ignore[arg-type]  # a binary stream
            file.stream.seek(0)
            digest.update(json.dumps([name, file.filename, content]).encode())
    else:
        digest.update(request.get_data(cache=True))
    return digest.hexdigest()


def tagged(view: View) -> View:
    """Answer with an ETag: the version that the view gave to `saw`, then a mark of the content."""

    @functools.wraps(view)
    def with_tag(*args: Any, **kwargs: Any) -> Response:
        response: Response = view(*args, **kwargs)
        mark = hashlib.sha256(response.get_data()).hexdigest()[:12]
        response.set_etag(f"{g.seen_version}.{mark}")
        response.make_conditional(request)
        return response

    return _documented(with_tag, answers_with=["ETAG"], headers=["IF_NONE_MATCH"])


def saw(version: int) -> None:
    g.seen_version = version


def on_version(view: View) -> View:
    """Document that the view calls `must_match`."""
    return _documented(view, headers=["IF_MATCH"])


def must_match(version: int) -> None:
    """412 when If-Match names other versions than this, which the caller has locked. What follows the point
    in an ETag of ours marks the content, which may change without the thing's own version."""
    if "If-Match" not in request.headers:
        return
    if request.if_match.star_tag:
        return
    if str(version) not in {tag.partition(".")[0] for tag in request.if_match.as_set(include_weak=False)}:
        raise Problem(412, faults=[Fault("If-Match", "stale", "This is not the current version; read it again")])
