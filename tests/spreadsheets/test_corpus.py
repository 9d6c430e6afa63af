"""Every kind of spreadsheet that people send, and the answer that each gets."""

from __future__ import annotations

import pickle

import pytest

from importers.check import Options, check
from importers.inspect import inspect
from importers.problems import UnreadableFile
from tests.spreadsheets.make import Sample, refused, texts, workbooks


def _name(sample: Sample) -> str:
    return sample.name


@pytest.mark.parametrize("sample", workbooks() + texts(), ids=_name)
def test_a_spreadsheet_gets_its_good_answer(sample: Sample) -> None:
    checked = check(sample.kind, sample.data, sample.name, Options(**sample.options))
    assert [tuple(map(str, row.values.values())) for row in checked.rows] == sample.accepted
    assert [(problem.row, problem.code) for problem in checked.problems] == sample.codes
    assert checked.rows_read >= len(checked.rows)
    assert pickle.loads(pickle.dumps(checked)).rows == checked.rows  # noqa: S301 - our own object, to see that it can cross into another process


@pytest.mark.parametrize("sample", workbooks() + texts(), ids=_name)
def test_a_spreadsheet_can_be_looked_into_before_its_kind_is_known(sample: Sample) -> None:
    seen = inspect(sample.data, sample.name)
    assert any(sheet["tables"] or sheet["refused"] for sheet in seen["sheets"])


@pytest.mark.parametrize("sample", refused(), ids=_name)
def test_what_cannot_be_read_is_one_clear_sentence(sample: Sample) -> None:
    assert sample.unreadable is not None
    with pytest.raises(UnreadableFile) as told:
        check("stock", sample.data, sample.name)
    assert sample.unreadable in str(told.value)
    assert "Traceback" not in str(told.value)
    assert len(str(told.value)) < 250
