"""The one way out of a process.

A process that ever held a Temporal client may abort while the interpreter shuts down, which would
turn a success into a crash. So every command and process of ours leaves through here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import NoReturn


def finish(status: int) -> NoReturn:
    """End this process now with `status`, with everything said and logged so far written out.

    Nothing registered with atexit runs, no thread is waited for: close what must be closed first.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(status)
