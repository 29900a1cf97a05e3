"""What a training leaves behind of its offsets: snapshots that equal the weights, and scalars for any visualizer."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from mmpose_ssn.engine.offset_group import OffsetRecordHook, offset_figures

ITERATIONS = 8
PREDICTORS = ("E1", "E2", "E3", "P1", "P2", "P3", "P4")
pytestmark = pytest.mark.usefixtures("one_thread")


class Witness(Hook):
    """Offsets by their names in the state dict, at the start and after each iteration, and each iteration's losses."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.offsets: list[dict[str, np.ndarray]] = []
        self.losses: list[dict[str, float]] = []

    def before_train(self, runner: Any) -> None:
        self.keep(runner)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.keep(runner)
        self.losses.append({name: float(loss) for name, loss in outputs.items()})

    def keep(self, runner: Any) -> None:
        state = runner.model.state_dict()
        names = [name for name in state if name.endswith(".offsets")]
        self.offsets.append({name.removesuffix(".offsets"): state[name].numpy().copy() for name in names})


@pytest.fixture(scope="module")
def recorded(smoke_config: Callable[..., Config], train, tmp_path_factory) -> SimpleNamespace:
    """A training with the config's own visualizer backends."""
    config = smoke_config("ssn", iterations=ITERATIONS, checkpoint_interval=5, batch_size=2)
    assert [backend.type for backend in config.visualizer.vis_backends] == ["LocalVisBackend", "TensorboardVisBackend"]
    hooks = {hook.type: hook for hook in config.custom_hooks}
    hooks["OffsetRecordHook"].update(interval=2, snapshot_interval=3)
    hooks["DelayedInsertionHook"].iterations = 2
    config.param_scheduler[0].milestones, config.param_scheduler[1].step_size = [6], 3
    config.default_hooks.logger.interval = 2
    folder, witness = tmp_path_factory.mktemp("recorded") / "run", Witness()
    train(config, folder, witness)
    return SimpleNamespace(folder=folder, witness=witness)


def test_snapshots_at_start_interval_and_end_are_the_weights_of_then(recorded) -> None:
    folder, offsets = recorded.folder / "offsets", recorded.witness.offsets
    assert sorted(file.name for file in folder.iterdir()) == [f"iter_{n}.npz" for n in (0, 3, 6, 8)]
    for n in (0, 3, 6, 8):
        with np.load(folder / f"iter_{n}.npz", allow_pickle=False) as snapshot:
            assert set(snapshot) == set(offsets[n]) and len(snapshot.files) == 13
            for name in snapshot:
                np.testing.assert_array_equal(snapshot[name], offsets[n][name])
    name = next(iter(offsets[0]))
    assert not np.array_equal(offsets[3][name], offsets[6][name]), "they move, else any snapshot would do"


def test_scalars_of_rates_and_offsets_reach_the_visualizer(recorded) -> None:
    (file,) = recorded.folder.rglob("scalars.json")
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    by_step = {entry["step"]: entry for entry in entries if "lr/main" in entry}
    assert sorted(by_step) == [2, 4, 6, 8]
    for step, entry in by_step.items():  # the rates that the next iteration has
        assert entry["lr/main"] == pytest.approx(4e-3 * (0.5 if step >= 6 else 1))
        assert entry["lr/offsets"] == pytest.approx(1e-3 * 0.9 ** (step // 3))
        for name, offsets in recorded.witness.offsets[step].items():
            lengths = [math.hypot(dx, dy) for dx, dy in offsets.tolist()]
            assert entry[f"offsets/{name}/mean_length"] == pytest.approx(sum(lengths) / len(lengths), rel=1e-4)
            assert entry[f"offsets/{name}/max_length"] == pytest.approx(max(lengths), rel=1e-4)
    logged = [entry for entry in entries if "loss_P4" in entry]
    assert [entry["step"] for entry in logged] == [2, 4, 6, 8]
    for entry in logged:  # MMEngine's log: means over the iterations so far, as the window is longer
        losses = recorded.witness.losses[: entry["step"]]
        for name in PREDICTORS:
            mean = sum(loss[f"loss_{name}"] for loss in losses) / len(losses)
            assert entry[f"loss_{name}"] == pytest.approx(mean, rel=1e-4)


def test_tensorboard_has_them_by_default(recorded) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (file,) = recorded.folder.rglob("events.out.tfevents.*")
    events = EventAccumulator(str(file)).Reload()
    module = next(iter(recorded.witness.offsets[0]))
    wanted = {"lr/main", "lr/offsets", f"offsets/{module}/std"} | {f"loss_{name}" for name in PREDICTORS}
    assert wanted <= set(events.Tags()["scalars"])
    found = [(event.step, event.value) for event in events.Scalars("lr/offsets")]
    assert found == [(n, pytest.approx(1e-3 * 0.9 ** (n // 3))) for n in (2, 4, 6, 8)]


def test_figures_of_known_offsets() -> None:
    figures = offset_figures(np.array([[3.0, 4.0], [0.05, -1.95], [0.5, 0.11], [0.0, -0.5]]))
    lengths = [5.0, math.hypot(0.05, 1.95), math.hypot(0.5, 0.11), 0.5]
    values = [3.0, 4.0, 0.05, -1.95, 0.5, 0.11, 0.0, -0.5]
    mean = sum(values) / 8
    assert figures == pytest.approx(
        {
            "mean_length": sum(lengths) / 4,
            "max_length": 5.0,
            "std": math.sqrt(sum((v - mean) ** 2 for v in values) / 8),
            "on_grid": 5 / 8,  # 3, 4, 0.05, -1.95 and 0
        }
    )


def runner_of(folder: Path, module: torch.nn.Module, **others: Any) -> Any:
    return SimpleNamespace(model=module, work_dir=str(folder), iter=0, max_iters=9, **others)


def test_interrupted_snapshot_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mmpose_ssn.models import FeatureShiftingModule

    runner = runner_of(tmp_path, torch.nn.Sequential(FeatureShiftingModule(2, 3)))
    hook = OffsetRecordHook()
    hook.before_train(runner)
    whole = (tmp_path / "offsets" / "iter_0.npz").read_bytes()

    def interrupted(stream: Any, **arrays: Any) -> None:
        stream.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    for runner.max_iters in (1, 9):
        with pytest.raises(KeyboardInterrupt):
            hook.after_train_iter(runner, 0) if runner.max_iters == 1 else hook.before_train(runner)
    assert [file.name for file in (tmp_path / "offsets").iterdir()] == ["iter_0.npz"]
    assert (tmp_path / "offsets" / "iter_0.npz").read_bytes() == whole


def test_resumed_training_keeps_the_snapshot_of_the_start(tmp_path: Path) -> None:
    from mmpose_ssn.models import FeatureShiftingModule

    runner = runner_of(tmp_path, torch.nn.Sequential(FeatureShiftingModule(2, 3)))
    runner.iter = 4
    OffsetRecordHook().before_train(runner)
    assert not (tmp_path / "offsets").exists()


def test_network_without_offsets_has_rates_alone(tmp_path: Path) -> None:
    from mmpose_ssn.models import FeatureShiftingModule

    calls: list[tuple[dict[str, float], int]] = []
    runner = runner_of(
        tmp_path,
        torch.nn.Sequential(FeatureShiftingModule(2, 3, shift=False)),
        optim_wrapper=SimpleNamespace(param_groups=[{"name": "main", "lr": 0.25}]),
        visualizer=SimpleNamespace(add_scalars=lambda scalars, step: calls.append((scalars, step))),
    )
    hook = OffsetRecordHook(interval=1, snapshot_interval=1)
    hook.before_train(runner)
    hook.after_train_iter(runner, 0)
    assert calls == [({"lr/main": 0.25}, 1)] and not (tmp_path / "offsets").exists()


@pytest.mark.parametrize("intervals", [(0, 1), (1, 0)])
def test_impossible_intervals_are_refused(intervals: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"got {intervals[0]} and {intervals[1]}"):
        OffsetRecordHook(*intervals)
