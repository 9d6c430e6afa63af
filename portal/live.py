"""Live pages: one listening connection a process, one queue an open page, topics that carry ids only.

A page subscribes to the topics it shows and fetches itself anew when one is announced. Nothing is
replayed: a page that reconnects fetches itself once, and so has missed nothing.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Iterator

import psycopg
from flask import Flask, Response, request

from domain.roles import Permission
from portal import access
from portal.config import WEB_ROLE, Settings
from portal.database import db

log = logging.getLogger(__name__)

CHANNEL = "promiseline_live"
#: Open streams a process holds. Each holds a thread of 64; over it a page polls instead.
MOST_STREAMS = 40
#: Seconds after which a stream ends and the browser connects again, so that none lives for ever.
STREAM_LIFE = 300
HEARTBEAT = 15
#: Seconds after which the listener looks whether it should end.
LISTEN_FOR = 1.0
#: Topics that anybody who is signed in may hear of.
EVERYBODYS = frozenset({"demo"})
#: Not a topic: said to every page when announcements may have been missed.
RECONNECTED = ""
#: Not a topic either: this process ends, and so does every stream.
CLOSING = "\0"


class Hub:
    """Hands what PostgreSQL announces to every open page of this process that asked for the topic."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database(WEB_ROLE).replace("+psycopg", "", 1)
        self._lock = threading.Lock()
        self._subscribers: dict[queue.SimpleQueue[str], frozenset[str]] = {}
        self._process: int | None = None
        self.closing = False

    def subscribe(self, topics: frozenset[str]) -> queue.SimpleQueue[str] | None:
        """A queue of announced topics; None when this process holds as many streams as it may."""
        with self._lock:
            if self._process != os.getpid():  # first use, or first use after a fork
                self._process = os.getpid()
                self._subscribers = {}
                threading.Thread(target=self._listen, name="live", daemon=True).start()
            if self.closing or len(self._subscribers) >= MOST_STREAMS:
                return None
            inbox: queue.SimpleQueue[str] = queue.SimpleQueue()
            self._subscribers[inbox] = topics
            return inbox

    def unsubscribe(self, inbox: queue.SimpleQueue[str]) -> None:
        with self._lock:
            self._subscribers.pop(inbox, None)

    def close(self) -> None:
        """End every stream now and begin none. Called when the process is told to stop: a stream would
        hold it up. Takes no lock, since it may be called from a signal handler."""
        self.closing = True
        for inbox in tuple(self._subscribers):
            inbox.put(CLOSING)

    def _listen(self) -> None:
        while not self.closing:
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._hand_out(RECONNECTED)
                    while not self.closing:
                        for notification in connection.notifies(timeout=LISTEN_FOR):
                            self._hand_out(notification.payload)
            except psycopg.Error as error:
                log.warning("live pages are waiting for the database: %s", error)
                time.sleep(1)

    def _hand_out(self, topic: str) -> None:
        with self._lock:
            for inbox, topics in self._subscribers.items():
                if topic in topics or topic == RECONNECTED:
                    inbox.put(topic)


def allowed_topics(asked: frozenset[str]) -> frozenset[str]:
    """Of the topics asked for, those that this user may hear of."""
    user = access.the_user()
    everybodys = asked & EVERYBODYS
    if user.supplier_id is not None:
        return everybodys | asked & {f"supplier:{user.supplier_id}"}
    if user.customer_id is not None:
        return everybodys | asked & {f"customer:{user.customer_id}"}
    allowed = set(everybodys)
    for topic in asked:
        area = topic.partition(":")[0]
        needed = {
            "backorder": Permission.SEE_BACKORDERS,
            "planning": Permission.SEE_SUPPLY,
            "line": Permission.SEE_SUPPLY,
            "warehouse": Permission.SHIP_GOODS,
            "import": Permission.IMPORT_MASTER_DATA,
            "operations": Permission.OPERATE,
        }.get(area)
        if needed is not None and user.may(needed):
            allowed.add(topic)
    return frozenset(allowed)


def register(app: Flask) -> None:
    hub = Hub(app.config["PROMISELINE"])
    app.extensions["promiseline_live"] = hub

    @app.get("/events")
    @access.require()
    def events() -> Response:
        """Server-sent events named after the topics of `?topic=…&topic=…`, without data."""
        topics = allowed_topics(frozenset(request.args.getlist("topic")[:20]))
        db.session.remove()  # a stream holds no database connection
        inbox = hub.subscribe(topics) if topics else None
        if inbox is None:
            return Response(status=204)  # the page polls instead
        return Response(
            _stream(hub, inbox, topics),
            mimetype="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


def _stream(hub: Hub, inbox: queue.SimpleQueue[str], topics: frozenset[str]) -> Iterator[str]:
    ends = time.monotonic() + STREAM_LIFE
    try:
        yield "retry: 3000\n\n"
        while time.monotonic() < ends and not hub.closing:
            try:
                topic = inbox.get(timeout=HEARTBEAT)
            except queue.Empty:
                yield ": still here\n\n"
                continue
            if topic == CLOSING:
                return
            for each in sorted(topics) if topic == RECONNECTED else [topic]:
                yield f"event: {each}\ndata:\n\n"
    finally:
        hub.unsubscribe(inbox)
