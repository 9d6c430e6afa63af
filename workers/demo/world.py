"""What loading needs of the world outside: sessions, a clock, somebody to tell, and a way to wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.services.transaction import Context

#: How long workflows may do nothing at all before loading gives up. It goes on at the next start.
PATIENCE_S = 300


class Stuck(Exception):
    """The workflows don't do what is waited for."""


@dataclass(frozen=True)
class World:
    """`pause` lets the workflows work for a moment. `seconds` is a clock that only ever goes on."""

    session: Callable[[], Session]
    now: Callable[[], datetime]
    pause: Callable[[], None]
    seconds: Callable[[], float]
    say: Callable[[str], None]
    hashed_password: Callable[[], str]

    def who(self, actor: str = "Demo company", channel: str = "demo") -> Context:
        return Context(actor=actor, channel=channel, now=self.now())

    def until_none(self, count: Callable[[Session], int], what: str, done: Callable[[int, int], None]) -> None:
        """Wait until `count` is 0, telling `done` how many of how many are left. Raises Stuck."""
        first = left = None
        changed = self.seconds()
        while True:
            with self.session() as session:
                now_left = count(session)
            first = now_left if first is None else max(first, now_left)
            if now_left != left:
                left, changed = now_left, self.seconds()
                done(left, first)
            if left == 0:
                return
            if self.seconds() - changed > PATIENCE_S:
                raise Stuck(f"{left} {what} for {PATIENCE_S} s: are the workers and Temporal running?")
            self.pause()
