"""Run one training to its end, whatever interrupts it: one at a time in a folder, resumed from the newest whole
checkpoint.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmpose_ssn import _openmmlab
from mmpose_ssn.experiment import provenance
from mmpose_ssn.experiment.plan import PROGRESS, Plan
from mmpose_ssn.experiment.resolved_config import digest, training_digest
from mmpose_ssn.experiment.runner import build_runner
from mmpose_ssn.files import draft, write_together
from mmpose_ssn.networks import run_name

_openmmlab.repair()  # now that PyTorch is imported: checkpoints are MMEngine's


class AlreadyRunning(RuntimeError):
    """Another process trains in this folder."""


def train(
    config: Config, work_dir: Path, weights: Path, progress: TextIO | None = None, plan_file: Path | None = None
) -> None:
    """Train from a resolved config and write the last weights.

    Checkpoints and logs go to a folder of ``work_dir`` named by :func:`training_digest`, so that a training is only
    ever resumed with the settings that it was begun with. Beside ``weights`` a JSON file of the same name says how they
    were made.

    Args:
        config: Resolved config of the training.
        work_dir: Folder of this training, kept across interruptions.
        weights: Path of the file for the last iteration's weights (a state dict), replaced in one step.
        progress: Stream that gets one line every few seconds: iteration, loss, time left.
        plan_file: Path of the workflow's plan, from which the time left for all its trainings is told.

    Raises:
        AlreadyRunning: If another process holds ``work_dir``.
    """
    config_digest = digest(config)
    folder = work_dir / training_digest(config).removeprefix("sha256:")[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(work_dir):
        config.work_dir = str(folder)
        checkpoint = newest_checkpoint(folder)
        if checkpoint is not None:
            config.resume, config.load_from = True, str(checkpoint)
        runner = build_runner(config)
        experiment = config.experiment
        title = f"{experiment.preset}/{run_name(experiment.network, experiment.recipe)} seed {experiment.seed}"
        plan = Plan.read(plan_file, weights.parent) if plan_file is not None and plan_file.exists() else None
        diary = _Diary(progress, title, weights.parent / PROGRESS, plan)
        runner.register_hook(diary)
        runner.train()
        model = runner.model.module if hasattr(runner.model, "module") else runner.model
        _write_weights(model.state_dict(), weights)
        record = {
            "config_digest": config_digest,
            "commit": ", ".join(diary.kept["commit"]),
            "checkpoint_digest": provenance.file_digest(weights),
            "machine": ", ".join(diary.kept["machine"]),
            "torch": torch.__version__,
            "iterations": runner.iter,
            "wall_time_s": round(diary.kept["seconds"], 1),
        }
        write_together({weights.with_suffix(".json"): json.dumps(record, indent=2) + "\n"})


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint of a folder, or None: a kill while one is written leaves half a file."""
    numbered = [
        (int(match[1]), file)
        for file in folder.glob("iter_*.pth")
        if (match := re.fullmatch(r"iter_(\d+)\.pth", file.name))
    ]
    for _, file in sorted(numbered, reverse=True):
        try:
            torch.load(file, map_location="meta", weights_only=True)
        except Exception as error:  # a torn file fails in many ways; what counts is that it does not load
            print(f"skipping {file}, which does not load ({type(error).__name__})")
        else:
            return file
    return None


class _Diary(Hook):
    """Shows progress, and keeps in the checkpoints what a training's record needs to know across interruptions: its
    seconds, and the commits and machines that had a part in it.
    """

    priority = "VERY_LOW"
    _key = "diary"
    _every_seconds = 5.0

    def __init__(self, progress: TextIO | None, title: str, file: Path, plan: Plan | None) -> None:
        self.progress, self.title, self.file, self.plan = progress, title, file, plan
        self.kept: dict[str, Any] = {"seconds": 0.0, "commit": [], "machine": []}
        self._last = self._shown = self._start = 0.0
        self._first_iteration = 0

    def before_train(self, runner: Runner) -> None:
        self.kept = runner.message_hub.runtime_info.get(self._key, self.kept)
        runner.message_hub.update_info(self._key, self.kept)
        self._start = self._last = time.monotonic()
        self._first_iteration = runner.iter
        if runner.iter < runner.max_iters:
            for key, value in (("commit", provenance.commit()), ("machine", provenance.machine())):
                self.kept[key] += [value] if value not in self.kept[key] else []

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        self._tick()  # so that the time is in the checkpoint that this iteration may write

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        self._tick()
        now, done = time.monotonic(), runner.iter + 1
        if now - self._shown < self._every_seconds and done < runner.max_iters:
            return
        self._shown = now
        state = {"done": done, "total": runner.max_iters, "seconds": round(self.kept["seconds"], 1)}
        write_together({self.file: json.dumps(state) + "\n"})
        if self.progress is None:
            return
        left = (now - self._start) / (done - self._first_iteration) * (runner.max_iters - done)
        loss = f"loss {outputs['loss'].item():.3g}, " if outputs else ""
        print(
            f"{self.title}: {done}/{runner.max_iters}, {loss}{timedelta(seconds=round(left))} left{self._of_all()}",
            file=self.progress,
            flush=True,
        )

    def _of_all(self) -> str:
        unfinished, seconds = self.plan.left() if self.plan else (0, None)
        return f"; all {unfinished} trainings {timedelta(seconds=round(seconds))}" if seconds else ""

    def _tick(self) -> None:
        now = time.monotonic()
        self.kept["seconds"] += now - self._last
        self._last = now


@contextmanager
def _only_one(work_dir: Path) -> Iterator[None]:
    """Hold the folder's lock; the system lets go of it however the process ends."""
    with (work_dir / ".lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise AlreadyRunning(
                f"process {holder} already trains in {work_dir}: wait for it or stop it, then start again"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _write_weights(state: dict[str, torch.Tensor], file: Path) -> None:
    with draft(file) as unfinished:
        torch.save({"state_dict": {name: tensor.cpu() for name, tensor in state.items()}}, unfinished)
