"""Becomes another program that dies with its parent and may run as another account.

The steps between fork and exec happen here, in a tiny process of its own, because running Python
in a forked child of a process with threads can deadlock. Standard library only: it runs without
site-packages, by path, so that it starts in a few milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def wrapped(
    command: Sequence[str],
    *,
    death_signal: signal.Signals = signal.SIGTERM,
    account: tuple[int, int] | None = None,
) -> list[str]:
    """The command line that runs `command` as `account` (user id, group id; None keeps ours).

    On Linux the child gets `death_signal` when the thread that started it ends, however that
    happens. Start it from a thread that lives as long as the child should.
    """
    uid, gid = account or (-1, -1)
    me = [sys.executable, "-I", "-S", os.path.abspath(__file__)]
    return [*me, str(os.getpid()), str(int(death_signal)), str(uid), str(gid), *command]


def main(arguments: Sequence[str]) -> None:
    parent, death_signal, uid, gid = (int(argument) for argument in arguments[:4])
    command = arguments[4:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":  # after the change of account, which would clear it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked to be told
            return
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the named program is the whole job
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
