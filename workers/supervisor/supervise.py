"""Runs parts: starts them stage by stage, restarts what dies, stops all in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from workers.supervisor.logfiles import PartLog

PARTS_FILE = "parts.json"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
HEALTHY_AFTER_S = 60.0
"""A part that ran this long starts again at once when it dies; the back-off is for those that don't."""
FIRST_ATTEMPTS = 4
POLL_S = 0.1


class NotReady(Exception):
    """The part doesn't serve yet; the message says what was tried."""


class PartFailed(Exception):
    """A part can't be started; the message is for the person at the terminal."""


async def _nothing() -> str | None:
    return None


@dataclass(frozen=True)
class Launch:
    """What to execute. A fresh one is made for each start, since ports may change."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path | None = None


@dataclass(frozen=True)
class Part:
    """One process that is kept running, one step that runs to its end, or one outside service.

    `launch` is None for a service that somebody else runs: it is only waited for. It runs in a
    thread, so it may block. `ready` raises NotReady until the part serves, then returns where.
    A `step` is ready when its process ended with status 0.
    """

    name: str
    launch: Callable[[], Launch] | None
    ready: Callable[[], Awaitable[str | None]] = _nothing
    step: bool = False
    required: bool = True
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 15
    patience_s: float = 300


@dataclass
class Running:
    part: Part
    log: PartLog
    process: asyncio.subprocess.Process | None = None
    pump: asyncio.Task[None] | None = None


class Supervisor:
    """Runs stages of parts in a home folder. One at a time in a process, in its main thread:
    the parts end with the thread that started them.
    """

    def __init__(
        self, stages: Sequence[Sequence[Part]], home: Path, logs: Path, say: Callable[[str, str], None]
    ) -> None:
        self._stages = stages
        self._home = home
        self._logs = logs
        self._say = say
        self._running: list[Running] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    def stop(self) -> None:
        """Ask for the end; asking again stops waiting for parts that take their time."""
        (self._hurry if self._stop.is_set() else self._stop).set()

    async def run(self, when_ready: Callable[[], None] = lambda: None) -> None:
        """Start all stages, call `when_ready`, and keep the parts running until `stop`.

        Raises PartFailed when a part can't be started. Whatever happens, nothing is left running.
        """
        end_left_behind(self._home, self._say)
        starting = asyncio.create_task(self._start_all())
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                when_ready()
                await stopping
        finally:
            for task in (starting, stopping, *self._watchers):
                task.cancel()
            await asyncio.gather(starting, stopping, *self._watchers, return_exceptions=True)
            for running in reversed(self._running):
                await self._end(running)

    def run_beside(self, step: Part) -> None:
        """Run one step to its end while everything else runs; how it ended is only reported."""
        self._watchers.append(asyncio.create_task(self._beside(self._add(step))))

    async def _beside(self, running: Running) -> None:
        try:
            await self._first_start(running)
        except PartFailed as failure:
            self._tell(running, failure)

    def _tell(self, running: Running, failure: PartFailed) -> None:
        self._say(running.part.name, str(failure).removeprefix(f"{running.part.name} "))

    async def _start_all(self) -> None:
        for stage in self._stages:
            added = [self._add(part) for part in stage]
            first = [asyncio.create_task(self._first_start(running)) for running in added]
            try:
                await asyncio.gather(*first)
            finally:
                for task in first:
                    task.cancel()
                await asyncio.gather(*first, return_exceptions=True)
            for running in added:
                if running.part.launch and not running.part.step:
                    self._watchers.append(asyncio.create_task(self._keep_running(running)))

    def _add(self, part: Part) -> Running:
        running = Running(part, PartLog(part.name, self._logs))
        self._running.append(running)
        return running

    async def _first_start(self, running: Running) -> None:
        began = time.monotonic()
        for attempt in range(1, FIRST_ATTEMPTS + 1):
            try:
                await self._start(running)
                where = await self._wait_ready(running)
            except PartFailed as failure:
                if not running.part.required:
                    self._say(running.part.name, f"not reachable, carrying on: {failure}")
                    return
                if running.part.step or attempt == FIRST_ATTEMPTS or running.part.launch is None:
                    raise
                await asyncio.sleep(FIRST_PAUSE_S * attempt)
            else:
                took = f"{time.monotonic() - began:.1f} s"
                self._say(
                    running.part.name, f"{'done' if running.part.step else 'ready'}  {where or ''}  ({took})"
                )
                return

    async def _keep_running(self, running: Running) -> None:
        pause = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            assert running.process is not None
            status = await running.process.wait()
            if time.monotonic() - began > HEALTHY_AFTER_S:
                pause = FIRST_PAUSE_S
            self._say(running.part.name, f"ended ({_how(status)}), starting again in {pause:g} s")
            await self._end(running)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
            try:
                await self._start(running)
                where = await self._wait_ready(running)
            except PartFailed as failure:
                self._tell(running, failure)
            else:
                self._say(running.part.name, f"ready  {where or ''}")

    async def _start(self, running: Running) -> None:
        """Start the part's process; raises PartFailed when that is impossible."""
        if running.part.launch is None:
            return
        try:
            launch = await asyncio.to_thread(running.part.launch)
            running.process = await asyncio.create_subprocess_exec(
                *launch.command,
                env=dict(launch.environment),
                cwd=launch.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise PartFailed(f"{running.part.name} can't be started: {error}") from error
        assert running.process.stdout is not None
        running.pump = asyncio.create_task(running.log.pump(running.process.stdout))
        self._note_processes()

    async def _wait_ready(self, running: Running) -> str | None:
        """Where the part serves. Raises PartFailed when its process ends first or it takes too long."""
        part, process = running.part, running.process
        if part.step:
            assert process is not None
            if await process.wait():
                raise PartFailed(await self._why(running))
            return None
        tried = "nothing"
        try:
            async with asyncio.timeout(part.patience_s):
                while process is None or process.returncode is None:
                    try:
                        return await part.ready()
                    except NotReady as answer:
                        tried = str(answer)
                        await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise PartFailed(f"{part.name} is not ready after {part.patience_s:.0f} s: {tried}") from None
        raise PartFailed(await self._why(running))

    async def _why(self, running: Running) -> str:
        assert running.process is not None
        if running.pump:
            await asyncio.wait({running.pump}, timeout=1)
        words = running.log.last_words() or "it said nothing"
        return (
            f"{running.part.name} ended ({_how(running.process.returncode)}): {words} (more in {running.log.path})"
        )

    async def _end(self, running: Running) -> None:
        """Make sure that nothing of the part runs any more."""
        process = running.process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(running.part.stop_signal)
            ended = asyncio.create_task(process.wait())
            hurried = asyncio.create_task(self._hurry.wait())
            await asyncio.wait(
                {ended, hurried}, timeout=running.part.stop_within_s, return_when=asyncio.FIRST_COMPLETED
            )
            hurried.cancel()
            ended.cancel()
        with contextlib.suppress(ProcessLookupError, PermissionError):  # its whole process group
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if running.pump:
            await asyncio.wait({running.pump}, timeout=1)
            running.pump.cancel()
        running.log.close()
        running.process = None
        self._note_processes()

    def _note_processes(self) -> None:
        """Remember who runs, for a next supervisor to find if this one is killed."""
        note = {}
        for running in self._running:
            if running.process is not None and running.process.returncode is None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    started = psutil.Process(running.process.pid).create_time()
                    note[running.part.name] = [running.process.pid, started]
        draft = self._home / f"{PARTS_FILE}.draft"
        draft.write_text(json.dumps(note))
        draft.replace(self._home / PARTS_FILE)


def _how(status: int | None) -> str:
    if status is not None and status < 0:
        return signal.Signals(-status).name
    return f"status {status}"


def end_left_behind(home: Path, say: Callable[[str, str], None]) -> None:
    """End processes of an earlier supervisor of this home that outlived it, with their children.

    Call it only while holding the home's lock.
    """
    try:
        noted: dict[str, tuple[int, float]] = json.loads((home / PARTS_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return
    for name, (pid, started) in noted.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if abs(process.create_time() - started) > 1:  # the number was given to somebody else
                continue
            say(name, f"still runs from before (process {pid}), ending it")
            family = [process, *process.children(recursive=True)]
            for each in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.terminate()
            _, stubborn = psutil.wait_procs(family, timeout=10)
            for each in stubborn:
                each.kill()
            psutil.wait_procs(stubborn, timeout=10)
