"""The bench command's judgement: which ratios are held against which targets. How fast anything is, no test says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.benchmark import shift, timing
from mmpose_ssn.benchmark.shift import SHAPES, Measurement, Target


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "tune_allocator", lambda: None)


def measured(*ratios: float, form: str = "auto"):
    def measure(threads, seconds, report):
        for case, ratio in zip(("small", "large", "other"), ratios, strict=False):
            yield Measurement("figure", case, threads, form, ratio, ratio, ratio, "copy_")

    return measure


@pytest.mark.parametrize(
    ("ratios", "verdict", "status"),
    [((0.5, 0.9, 9.0), "stretch met", 0), ((0.5, 1.5, 9.0), "met", 0), ((2.5, 0.5, 0.5), "MISSED", 1)],
)
def test_the_worst_case_of_a_target_decides(
    ratios, verdict, status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shift, "TARGETS", (Target("figure", "auto", ("small", "large"), must=2.0, stretch=1.0),))
    monkeypatch.setattr(shift, "measure", measured(*ratios))
    out = tmp_path / "speed.csv"
    assert main(["bench", "--check", "--threads", "1", "--out", str(out)]) == status
    assert capsys.readouterr().out.splitlines()[1].endswith(f" {verdict}")
    assert pd.read_csv(out)["ratio"].tolist() == list(ratios)


def test_every_target_is_measured_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Functions are made and named, but not run.
    monkeypatch.setattr(
        shift, "paired", lambda functions, seconds: {name: timing.Timing(1.0, 1.0) for name in functions}
    )
    rows = pd.DataFrame([vars(one) for one in shift.measure(1, 0.0, lambda doing: None)])
    for target in shift.TARGETS:
        found = rows[(rows.figure == target.figure) & (rows.form == target.form)]
        assert set(target.cases) <= set(found.case), target

    from mmpose_ssn.benchmark.plot import draw

    draw(rows, tmp_path / "speed.png")
    assert (tmp_path / "speed.png").stat().st_size > 10_000


def test_all_forms_of_the_shift_compute_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    seen = {}
    torch.manual_seed(0)
    for name, call in shift._shifts((2, 5, 9, 7))[1].items():
        if name != "copy_":
            call()
            leaf = next(
                cell.cell_contents for cell in call.__closure__ if getattr(cell.cell_contents, "grad", None) is not None
            )
            seen[name] = leaf.grad.clone()
    for name, gradient in seen.items():
        torch.testing.assert_close(gradient, seen["torch"], rtol=1e-4, atol=1e-4, msg=name)
    assert {"auto", "torch", "naive grid_sample", "deform_conv2d"} <= set(seen)
    assert len(SHAPES) == 4
