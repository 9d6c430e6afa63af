"""The benchmark runs and says what it should; how fast things are is not a matter for tests."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bench import spine
from bench.kit.mailbox import Mailbox
from workers.cli import run
from workers.devmail import Maildir


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    before = dict(os.environ)
    figures = spine.measure(spine.Size(lives=2, idle=2, burst=3, rounds=2))
    assert dict(os.environ) == before, "settings of the benchmark's own installation leaked out"
    return figures


def test_figures_are_json_with_all_ratios(found):
    told = json.loads(json.dumps(found))
    assert told["benchmark"] == "spine"
    assert told["machine"]["cores"] == os.cpu_count()
    assert told["lives"]["ratio"] > 0
    assert told["answers_idle"]["ratio_p95"] > 0
    assert told["answers_at_once"]["ratio"] > 0
    assert len(told["lives"]["seconds"]) == len(told["lives"]["floor_seconds"]) == 2


def test_the_floor_asks_the_engine_for_exactly_what_a_life_asks(found):
    life = found["life"]
    assert life["floor"]["commands"] == life["commands"]
    assert life["floor"]["signals"] == life["signals"]
    assert life["floor"]["bytes"] == pytest.approx(life["bytes"], rel=0.1)
    assert life["commands"]["workflows"] == 3


def test_figures_are_told_to_people_in_a_few_lines(found):
    lines = spine.told(found).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["2", "answer", "3", "one"]


def test_an_unknown_benchmark_is_bad_input(capsys):
    assert run(["bench", "nonsense"]) == 2
    assert "choose spine" in capsys.readouterr().err


def test_floor_and_subject_take_turns_at_going_first():
    assert [spine.in_turn(turn)[0] for turn in range(3)] == ["floor", "subject", "floor"]


def test_the_mailbox_says_when_each_address_first_had_mail(tmp_path: Path):
    maildir = Maildir(tmp_path)
    mailbox = Mailbox(tmp_path)
    maildir.keep(b"Delivered-To: a@x.example\n\nbefore")
    mailbox.clear()
    names = [maildir.keep(f"Delivered-To: {who}@x.example\n\nhello".encode()) for who in ("a", "b", "a")]
    came = mailbox.wait_for(["a@x.example", "b@x.example"])
    assert came == {
        "a@x.example": int(names[0].partition(".")[0]),
        "b@x.example": int(names[1].partition(".")[0]),
    }
