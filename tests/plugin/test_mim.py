"""`mim train` and `mim test` with the installed wheel, away from the repository, do what this package's commands do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmpose_ssn.experiment import training
from mmpose_ssn.experiment.resolved_config import write
from mmpose_ssn.experiment.scoring import score

ITERATIONS, INSERTION = 8, 4


@pytest.mark.usefixtures("one_thread")
def test_mim_trains_and_tests_as_the_commands_do(site: Path, drawn: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()

    def run(*command: str) -> None:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", *command],
            cwd=away,
            env={**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    chosen = ["--preset", "smoke", "--network", "ssn", "--seed", "3", "--data-root", str(drawn)]
    run("mmpose_ssn", "resolve", *chosen, "--out", "config.py")
    config = Config.fromfile(away / "config.py", import_custom_modules=False)
    config.train_cfg.update(max_iters=ITERATIONS, val_begin=ITERATIONS + 1)
    (hook,) = (hook for hook in config.custom_hooks if hook.type == "DelayedInsertionHook")
    hook.iterations = INSERTION
    write(config, away / "config.py")
    run("mim", "train", "mmpose", "config.py", "--work-dir", "work", "--launcher", "none")
    checkpoint = away / "work" / f"iter_{ITERATIONS}.pth"
    run("mim", "test", "mmpose", "config.py", "--checkpoint", str(checkpoint), "--work-dir", "test", "--out", "ap.json")

    weights = tmp_path / "own" / "weights.pth"
    training.train(Config.fromfile(away / "config.py"), tmp_path / "work", weights)
    theirs, ours = (torch.load(file, weights_only=True)["state_dict"] for file in (checkpoint, weights))
    assert theirs.keys() == ours.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    assert {int(ours[name]) for name in ours if ".fsms." in name and name.endswith("num_batches_tracked")} == {
        ITERATIONS - INSERTION
    }

    figures = json.loads((away / "ap.json").read_text())
    predictors = score(Config.fromfile(away / "config.py"), weights, tmp_path / "own" / "scores.json")["predictors"]
    assert {name: figures[f"{name}/AP"] for name in predictors} == pytest.approx(
        {name: found["AP"] for name, found in predictors.items()}, abs=1e-6
    )
    assert figures["coco/AP"] == figures["P4/AP"]
