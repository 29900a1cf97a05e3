"""Cells are reproducible, learn what they can see, and are kept as they come."""

from __future__ import annotations

import pandas as pd
import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.dependency import cells as forms
from mmpose_ssn.dependency import record as recording
from mmpose_ssn.dependency.cell_training import run
from mmpose_ssn.dependency.cells import FULL, SHORT, Cell, Form, plan
from mmpose_ssn.dependency.record import Record, measure
from mmpose_ssn.models.alternatives import KINDS

TINY = [Cell(kind, 8, 4.0, distance, 0, 2) for distance in (2, 5) for kind in ("conv3x3", "fsm", "fsm-random")]
MADE = dict(commit="c0ffee", machine="a machine")


@pytest.fixture
def trained(monkeypatch):
    """Which cells were really trained."""
    calls = []

    def noted(cell):
        calls.append(cell)
        return run(cell)

    monkeypatch.setattr(recording, "run", noted)
    return calls


def test_every_cell_is_on_record_once_in_the_order_of_the_plan(tmp_path):
    record = Record(tmp_path / "dependency")
    measure(record, TINY[:3], 2, MADE)
    lines, channels = record.read()
    assert list(lines.kind) == [cell.kind for cell in TINY[:3]]
    assert set(lines.commit) == {"c0ffee"}
    assert channels.groupby("kind").size().to_dict() == {"fsm": 8, "fsm-random": 8}
    frozen, learned = (channels[channels.kind == kind] for kind in ("fsm-random", "fsm"))
    assert (frozen.x_before == frozen.x_after).all() and (learned.x_before != learned.x_after).any()


@pytest.mark.usefixtures("few_pictures")
def test_a_run_goes_on_with_what_is_missing_and_comes_to_the_same(tmp_path, trained):
    whole, cut = Record(tmp_path / "whole"), Record(tmp_path / "cut")
    measure(whole, TINY, 1, MADE)
    measure(cut, TINY[:3], 1, MADE)
    del trained[:]
    measure(cut, TINY, 1, MADE)
    assert trained == TINY[3:]
    for file, other in ((whole.cells_file, cut.cells_file), (whole.offsets_file, cut.offsets_file)):
        assert file.read_text() == other.read_text()
    del trained[:]
    measure(cut, TINY, 1, MADE)
    assert trained == []


@pytest.mark.usefixtures("few_pictures")
def test_an_interrupted_run_keeps_what_was_done(tmp_path, monkeypatch):
    def interrupted(cell):
        if cell == TINY[2]:
            raise KeyboardInterrupt
        return run(cell)

    monkeypatch.setattr(recording, "run", interrupted)
    record = Record(tmp_path / "dependency")
    with pytest.raises(KeyboardInterrupt):
        measure(record, TINY, 1, MADE)
    assert len(record.read()[0]) == 2


@pytest.mark.usefixtures("few_pictures")
def test_results_of_other_settings_are_refused_and_left_alone(tmp_path):
    record = Record(tmp_path / "dependency")
    measure(record, TINY[:1], 1, MADE)
    before = record.cells_file.read_text()
    with pytest.raises(ValueError, match=r"1 results of other settings.*iterations=2.*--out"):
        measure(record, [Cell("conv3x3", 8, 4.0, 2, 0, 3)], 1, MADE)
    assert record.cells_file.read_text() == before


def test_a_window_that_holds_the_cue_learns_and_one_that_does_not_is_at_chance():
    near, far = (run(Cell("conv5x5", 32, 4.0, distance, 0, 120))[0]["accuracy"] for distance in (3, 12))
    assert near > 0.9
    assert far == pytest.approx(0.5, abs=0.06)  # four standard errors of 1024 marks


@pytest.mark.parametrize("form", [SHORT, FULL], ids=lambda form: form.name)
def test_a_plan_has_every_kind_at_every_distance_for_every_seed_once(form):
    cells = plan(form)
    assert len(cells) == len(set(cells)) == form.seeds * len(form.distances) * (len(KINDS) + 3)
    assert form.seeds >= 3
    first = cells[: len(cells) // form.seeds]
    assert {cell.seed for cell in first} == {0} and {cell.kind for cell in first} == set(KINDS)


@pytest.mark.usefixtures("few_pictures")
def test_the_command_writes_tables_from_which_page_and_picture_are_made(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(forms.FORMS, "short", Form("short", (3,), 1, 2))
    out = tmp_path / "dependency"
    assert main(["dependency", "--out", str(out), "--workers", "1"]) == 0
    assert "15 trainings" in capsys.readouterr().out
    assert sorted(file.name for file in tmp_path.iterdir()) == ["dependency-offsets.csv", "dependency.csv"]
    assert main(["page", "dependency", "--preset", "figures", "--results", str(tmp_path)]) == 0
    lines = pd.read_csv(f"{out}.csv")
    page = (tmp_path / "dependency.md").read_text()
    for kind, line in lines[(lines.shift_channels == 64) & (lines.offset_std == 4)].set_index("kind").iterrows():
        assert f"| {KINDS[kind].title} " in page and f"{line.params} ({line.params_ratio:.2f})" in page
    assert (tmp_path / "dependency.png").read_bytes().startswith(b"\x89PNG")

    monkeypatch.setitem(forms.FORMS, "short", Form("short", (3,), 1, 3))
    assert main(["dependency", "--out", str(out), "--workers", "1"]) == 1
    assert "other settings" in capsys.readouterr().err
