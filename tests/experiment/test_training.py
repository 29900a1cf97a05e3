"""`python -m mmpose_ssn train`: one trainer a folder, progress that a person can follow, and weights that say how they
were made.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmpose_ssn.__main__ import main
from mmpose_ssn.engine.loop import StreamTrainLoop
from mmpose_ssn.experiment import provenance
from mmpose_ssn.experiment.resolved_config import digest
from mmpose_ssn.experiment.training import AlreadyRunning, train

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def command(smoke_config: Callable[..., Config], tmp_path: Path) -> list[str]:
    """A training of four iterations, as a person would type it."""
    config = smoke_config(iterations=4, checkpoint_interval=2)
    paths = {"--work-dir": tmp_path / "work", "--weights": tmp_path / "out" / "weights.pth"}
    return ["train", config.filename, *(str(word) for option in paths.items() for word in option)]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    iterations: list[int] = []
    run_iter = StreamTrainLoop.run_iter
    monkeypatch.setattr(
        StreamTrainLoop, "run_iter", lambda self, batch: iterations.append(self.iter) or run_iter(self, batch)
    )
    return iterations


def test_command_shows_progress_and_says_how_the_weights_were_made(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 0
    assert re.search(r"smoke/lite-k256 seed 0: 4/4, loss [\d.e-]+, 0:00:00 left", capsys.readouterr().err)
    weights = tmp_path / "out" / "weights.pth"
    record = json.loads(weights.with_suffix(".json").read_text())
    assert record["config_digest"] == digest(Config.fromfile(command[1]))
    assert record["checkpoint_digest"] == provenance.file_digest(weights)
    assert record["iterations"] == 4 and record["wall_time_s"] > 0
    (last,) = (tmp_path / "work").rglob("iter_4.pth")
    written, kept = (torch.load(file, weights_only=True)["state_dict"] for file in (weights, last))
    assert written.keys() == kept.keys() and all(torch.equal(written[name], kept[name]) for name in kept)
    assert sorted(file.name for file in weights.parent.iterdir()) == ["progress.json", "weights.json", "weights.pth"]


def test_each_training_of_a_process_writes_a_curve_of_its_own(
    smoke_config: Callable[..., Config], tmp_path: Path
) -> None:
    for seed in (0, 1):
        config, work = smoke_config(seed=seed, iterations=2), tmp_path / f"work{seed}"
        config.default_hooks.logger.interval = 1
        train(config, work, tmp_path / f"{seed}.pth")
        (curve,) = work.rglob("vis_data/scalars.json")
        assert "loss" in curve.read_text()


def test_finished_training_started_again_trains_nothing_and_writes_the_same_weights(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    iterations, weights = counted(monkeypatch), tmp_path / "out" / "weights.pth"
    assert main(command) == 0
    first = weights.read_bytes()
    weights.unlink()
    assert main(command) == 0
    assert iterations == [0, 1, 2, 3]
    assert weights.read_bytes() == first


def test_interrupted_command_says_how_to_go_on_and_does(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    iterations = counted(monkeypatch)
    with monkeypatch.context() as context:
        run_iter = StreamTrainLoop.run_iter

        def interrupted(self: StreamTrainLoop, batch: object) -> None:
            if self.iter == 3:
                raise KeyboardInterrupt
            run_iter(self, batch)

        context.setattr(StreamTrainLoop, "run_iter", interrupted)
        assert main(command) == 130
    assert "the same command goes on from the last checkpoint" in capsys.readouterr().err
    assert main(command) == 0
    assert iterations == [0, 1, 2, 2, 3]


def test_changed_config_never_resumes_the_other_ones_checkpoints(
    smoke_config: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    iterations = counted(monkeypatch)
    for rate in (1e-3, 2e-3):
        config = smoke_config(iterations=2, checkpoint_interval=1, learning_rate=rate)
        train(config, tmp_path / "work", tmp_path / "weights.pth")
    assert iterations == [0, 1, 0, 1]


def test_second_trainer_is_refused_with_the_holder_named_until_the_first_ends(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def second(config: Config) -> Runner:
        assert main(command) == 1
        raise InterruptedError("the first one ends")

    monkeypatch.setattr(Runner, "from_cfg", second)
    for _ in range(2):  # the lock ends with its holder
        with pytest.raises(InterruptedError):
            main(command)
        assert f"process {os.getpid()} already trains in" in capsys.readouterr().err


def test_lock_holds_against_another_process(
    smoke_config: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import fcntl, os, sys\n"
        "lock = open(sys.argv[1], 'w')\n"
        "fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "print(os.getpid(), file=lock, flush=True)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    monkeypatch.setattr(Runner, "from_cfg", lambda config: pytest.fail("a second trainer got to work"))
    command = [sys.executable, "-c", script, str(tmp_path / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match=f"process {holder.pid} already trains in"):
            train(smoke_config(), tmp_path, tmp_path / "weights.pth")
        holder.stdin.close()


def test_log_takes_everything_but_what_is_meant_for_the_terminal(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from mmpose_ssn.commands.console import log_to\n"
        "terminal = log_to(Path(sys.argv[1]))\n"
        "print('for the terminal', file=terminal)\n"
        "print('printed')\n"
        "os.system('echo by a child >&2')\n"
    )
    log = tmp_path / "logs" / "train.log"
    command = [sys.executable, "-W", "ignore", "-c", script, str(log)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "for the terminal\n")
    assert sorted(log.read_text().splitlines()) == ["by a child", "printed"]
