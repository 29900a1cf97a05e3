"""Training in two processes by ``torchrun`` is that of one on the same samples, but for BN's local statistics."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.config import Config

SCRIPT = Path(__file__).with_name("gradients_of_a_training.py")
BATCH = 8
BEFORE, AFTER, LOCAL = range(3)  # the insertion; and after it, with BN in train mode


@pytest.fixture(scope="module")
def both(smoke_config: Callable[..., Config], one_thread, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Gradients of one process with a batch of 8, and of each of two with 4."""

    def config(batch_size: int) -> Config:
        config = smoke_config("ssn", iterations=3, batch_size=batch_size, learning_rate=0.0, offset_learning_rate=0.0)
        hooks = {hook.type: hook for hook in config.custom_hooks}
        hooks["DelayedInsertionHook"].iterations = 1
        config.model.backbone.fsm.zero_init = False  # else the modules get no gradient
        config.visualizer.update(vis_backends=[], name="ddp")
        config.default_hooks.checkpoint.interval = 99
        assert config.find_unused_parameters
        return config

    folder = tmp_path_factory.mktemp("ddp")
    half = config(BATCH // 2)
    half.dump(folder / "config.py")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(SCRIPT)]
    done = subprocess.run(
        [*command, str(folder / "config.py"), str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    ranks = [torch.load(folder / f"rank{rank}.pth", weights_only=True) for rank in (0, 1)]
    alone = runpy.run_path(str(SCRIPT))["gradients"](config(BATCH), folder / "alone")
    return SimpleNamespace(ranks=ranks, alone=alone)


def difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """Length of the difference of two gradients over the length of the second."""
    assert one.keys() == other.keys()
    a, b = (torch.cat([gradient[name].flatten() for name in other]) for gradient in (one, other))
    return float((a - b).norm() / b.norm())


def test_processes_share_the_samples_of_one(both: Any) -> None:
    assert [rank["wrapped"] for rank in both.ranks] == ["MMDistributedDataParallel"] * 2
    for iteration in range(3):
        alone, first, second = (
            samples[iteration] for samples in (both.alone.samples, *(r["samples"] for r in both.ranks))
        )
        assert len(alone) == BATCH and first == alone[0::2] and second == alone[1::2]


@pytest.mark.parametrize("iteration", [BEFORE, AFTER], ids=["before the insertion", "after it"])
def test_gradients_equal_those_of_one_process(iteration: int, both: Any) -> None:
    alone = both.alone.kept[iteration]
    assert any(".fsms." in name for name in alone) is (iteration == AFTER)
    for rank in both.ranks:
        found = rank["kept"][iteration]
        assert difference(found, alone) < 1e-5
        for name, gradient in alone.items():  # each, up to what rounding leaves of one that vanishes
            torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}")


def test_local_batch_normalisation_is_the_only_difference(both: Any, record_property) -> None:
    """Not wrong, but another training: the modules' and predictors' BN sees a process's own samples alone."""
    alone = both.alone.kept[LOCAL]
    first, second = (difference(rank["kept"][LOCAL], alone) for rank in both.ranks)
    record_property("relative difference of the gradient with local BN, 4 samples a process instead of 8", first)
    assert first == pytest.approx(second) and 1e-3 < first < 2
