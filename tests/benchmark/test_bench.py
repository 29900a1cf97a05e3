"""The bench command's judgement: which ratios are held against which targets. How fast anything is, no test says."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from mmpose_ssn.__main__ import main
from mmpose_ssn.benchmark import shift_cost, timing
from mmpose_ssn.benchmark.processor import LESSER, NATIVE, as_processor, is_this
from mmpose_ssn.benchmark.shift_cost import SHAPES, ShiftTiming, Target
from mmpose_ssn.commands import bench
from mmpose_ssn.ops.shift import choose_backend


def measured(*ratios: float, form: str = "auto"):
    def measure(threads, seconds, report):
        for case, ratio in zip(("small", "large", "other"), ratios, strict=False):
            yield ShiftTiming("figure", case, threads, form, ratio, ratio, ratio, "copy_")

    return measure


@pytest.mark.parametrize(
    ("ratios", "verdict", "status"),
    [((0.5, 0.9, 9.0), "stretch met", 0), ((0.5, 1.5, 9.0), "met", 0), ((2.5, 0.5, 0.5), "MISSED", 1)],
)
def test_the_worst_case_of_a_target_decides(
    ratios, verdict, status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shift_cost, "TARGETS", (Target("figure", "auto", ("small", "large"), must=2.0, stretch=1.0),))
    monkeypatch.setattr(shift_cost, "measure", measured(*ratios))
    out = tmp_path / "speed.csv"
    assert main(["bench", "--check", "--threads", "1", "--out", str(out)]) == status
    assert capsys.readouterr().out.splitlines()[1].endswith(f" {verdict}")
    assert pd.read_csv(out)["ratio"].tolist() == list(ratios)


def test_several_processors_are_measured_and_judged_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shift_cost, "TARGETS", (Target("figure", "auto", ("small",), must=2.0, stretch=1.0),))
    ratios = {"native": ("AVX-512", 1.5), "haswell": ("AVX2, as haswell", 2.5)}

    def measure_as(args, cpu):
        name, ratio = ratios[cpu]
        rows = [vars(one) for one in measured(ratio)(1, 0.0, print)]
        return pd.DataFrame(rows).assign(instructions=name)

    monkeypatch.setattr(bench, "_measure", measure_as)
    monkeypatch.setattr(bench, "_in_child", measure_as)
    assert main(["bench", "--check", "--cpu", *ratios, "--out", str(tmp_path / "speed.csv")]) == 1
    native, lesser = capsys.readouterr().out.splitlines()[1:3]
    assert "AVX-512" in native
    assert native.endswith(" met")
    assert "AVX2, as haswell" in lesser
    assert lesser.endswith(" MISSED")


def test_a_child_compiles_for_the_processor_that_it_is_told() -> None:
    program = "from mmpose_ssn.benchmark.processor import instruction_set; print(instruction_set())"
    expected = {"x86-64-v2": "SSE", "x86-64-v3": "AVX2", "haswell": "AVX2"}
    assert set(expected) == set(LESSER)
    if platform.machine() != "x86_64":
        pytest.skip(f"these are x86-64 processors, and this is {platform.machine()}")
    for name, instructions in expected.items():
        done = subprocess.run([sys.executable, "-c", program], env=as_processor(name), capture_output=True, text=True)
        assert done.stdout.strip() == instructions, done.stderr


def test_every_target_is_measured_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Functions are made and named, but not run.
    monkeypatch.setattr(
        shift_cost, "paired", lambda functions, seconds, wait: {name: timing.Timing(1.0, 1.0) for name in functions}
    )
    rows = pd.DataFrame([vars(one) for one in shift_cost.measure(1, 0.0, lambda doing: None)]).assign(
        instructions="AVX2"
    )
    for target in shift_cost.TARGETS:
        found = rows[(rows.figure == target.figure) & (rows.form == target.form)]
        assert set(target.cases) <= set(found.case), target

    from mmpose_ssn.benchmark.shift_plot import draw

    draw(rows, tmp_path / "speed.png")
    assert (tmp_path / "speed.png").stat().st_size > 10_000


def test_all_forms_of_the_shift_compute_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    torch.manual_seed(0)
    for name, call in shift_cost._shifts((2, 5, 9, 7))[1].items():
        if name != "copy_":
            call()
            leaf = next(
                cell.cell_contents for cell in call.__closure__ if getattr(cell.cell_contents, "grad", None) is not None
            )
            seen[name] = leaf.grad.clone()
    for name, gradient in seen.items():
        torch.testing.assert_close(gradient, seen["naive grid_sample"], rtol=1e-4, atol=1e-4, msg=name)
    assert {"auto", "naive grid_sample", "deform_conv2d"} <= set(seen)
    assert choose_backend(torch.zeros(1, 1, 1, 1)) not in seen  # that is "auto", timed once
    assert len(SHAPES) == 4


def test_a_child_is_what_it_was_started_for_whatever_the_environment_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (NATIVE, *LESSER):
        monkeypatch.setenv("NUMBA_CPU_NAME", "znver3")
        monkeypatch.setenv("NUMBA_CPU_FEATURES", "+avx2")
        environment = as_processor(name)
        monkeypatch.setattr(os, "environ", environment)
        assert [other for other in (NATIVE, *LESSER) if is_this(other)] == [name]
        monkeypatch.undo()


def test_another_processor_goes_with_the_cpu_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    out = tmp_path / "speed.csv"
    assert main(["bench", "--device", "cuda", "--cpu", "haswell", "--out", str(out)]) == 1
    assert "--cpu haswell goes with --device cpu alone" in capsys.readouterr().err
    assert not out.exists()


def test_without_a_gpu_it_says_that_nothing_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    out = tmp_path / "speed.csv"
    assert main(["bench", "--device", "cuda", "--out", str(out)]) == 1
    assert "no GPU" in capsys.readouterr().err
    assert not out.exists()


def test_what_a_gpu_is_asked_runs_on_the_cpu_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure_shifts = shift_cost.measure_shifts
    monkeypatch.setattr(shift_cost, "SHAPES", ((2, 3, 6, 5), (2, 4, 3, 3)))
    monkeypatch.setattr(shift_cost, "measure_shifts", lambda *args: measure_shifts(*args[:3], "cpu"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a pretended GPU")
    out = tmp_path / "speed.csv"
    threads = str(torch.get_num_threads())
    assert main(["bench", "--device", "cuda", "--threads", threads, "--seconds", "0", "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert set(table.case) == {"2x3x6x5", "2x4x3x3", "1x3x6x5", "1x4x3x3"}
    assert (table.wall_ms > 0).all()
    assert (table[table.form == table.base].ratio == 1).all()
    printed = capsys.readouterr().out
    assert "naive grid_sample" in printed
    assert "a pretended GPU" in printed


def test_work_handed_over_is_waited_for_inside_the_timed_part() -> None:
    events: list[str] = []
    timing.paired({"form": lambda: events.append("call")}, 0.0, lambda: events.append("wait"))
    timed = events[events.index("wait") :]
    assert events[-1] == "wait"
    assert timed.count("wait") == 3 - 1 + 2 * 5  # calibration before and after, and so in five rounds
