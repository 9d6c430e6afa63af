"""Text that Excel would run as a formula, made harmless, and taken back.

An apostrophe goes before whatever begins like a formula, and before what already begins with apostrophes and
then like a formula, so that taking one apostrophe off always gives the text back unchanged.
"""

from __future__ import annotations

import re

_RUNS = re.compile("'*[=+\\-@\t\r＝＋－＠]")
_NEUTRALISED = re.compile("'+[=+\\-@\t\r＝＋－＠]")


def neutralised(text: str) -> str:
    return "'" + text if _RUNS.match(text) else text


def restored(text: str) -> str:
    return text[1:] if _NEUTRALISED.match(text) else text
