"""Learning curves come from what the trainings logged, whole also where a training was interrupted."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from mmpose_ssn.__main__ import main


def log(folder: Path, run: str, losses: dict[int, float]) -> None:
    file = folder / "training" / "0123456789ab" / run / "vis_data" / "scalars.json"
    file.parent.mkdir(parents=True)
    lines = [
        {"loss": loss, "loss_P": loss, "acc_pose": 1 - loss, "step": step, "time": 0.2} for step, loss in losses.items()
    ]
    lines.insert(1, {"lr/main": 0.004, "step": 50})  # what the offsets' record adds
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")


def test_interrupted_training_has_one_curve_and_the_picture_is_drawn(tmp_path: Path) -> None:
    log(tmp_path / "ssn" / "seed0", "20260101_000000", {50: 0.9, 100: 0.8, 150: 0.7})
    log(tmp_path / "ssn" / "seed0", "20260102_000000", {150: 0.6, 200: 0.5})
    log(tmp_path / "lite-k256" / "seed0", "20260101_000000", {50: 0.4})
    folders = [str(tmp_path / variant / "seed0") for variant in ("ssn", "lite-k256")]
    assert main(["curves", "--trainings", *folders, "--title", "drawn", "--out", str(tmp_path / "curves")]) == 0
    assert (tmp_path / "curves.csv").read_text().splitlines() == [
        "training,iteration,loss,loss_P,acc_pose",
        "ssn,50,0.9,0.9,0.1",
        "ssn,100,0.8,0.8,0.2",
        "ssn,150,0.6,0.6,0.4",
        "ssn,200,0.5,0.5,0.5",
        "lite-k256,50,0.4,0.4,0.6",
    ]
    assert cv2.imread(str(tmp_path / "curves.png")).std() > 0


def test_training_without_a_log_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ssn" / "seed0").mkdir(parents=True)
    command = ["curves", "--trainings", str(tmp_path / "ssn" / "seed0"), "--title", "t", "--out", str(tmp_path / "c")]
    assert main(command) == 1
    assert f"{tmp_path / 'ssn' / 'seed0'}: no scalars.json" in capsys.readouterr().err
