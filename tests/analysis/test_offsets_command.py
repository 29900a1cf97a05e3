"""`python -m mmpose_ssn offsets` on what a real training left: its weights and its snapshots."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from mmengine.config import Config

from mmpose_ssn.__main__ import main
from mmpose_ssn.analysis.trained_offsets import Site, read_trainings
from mmpose_ssn.claims.offset_claims import offset_claims
from mmpose_ssn.experiment import presets
from mmpose_ssn.experiment.provenance import file_digest
from mmpose_ssn.experiment.training import train

pytestmark = pytest.mark.usefixtures("one_thread")
PRESET = ["offsets", "--preset", "smoke"]


@pytest.fixture(scope="module")
def finished(smoke_config: Callable[..., Config], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training of SSN of two iterations, as the workflow leaves it."""
    folder = tmp_path_factory.mktemp("smoke") / "ssn" / "seed0"
    config = smoke_config("ssn", iterations=2, checkpoint_interval=2, batch_size=2)
    folder.mkdir(parents=True)
    shutil.copy(config.filename, folder / "config.py")
    train(config, folder / "training", folder / "weights.pth")
    return folder


@pytest.fixture
def ssn(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "ssn" / "seed0"))


def test_weights_and_snapshots_of_a_training_are_read_module_by_module(ssn: Path) -> None:
    (one,) = read_trainings([ssn], "smoke", ["ssn"])
    stages = {1: (0, 1, 2), 2: (0, 2, 3), 3: (0, 2, 3, 4, 5), 4: (0, 2)}
    assert list(one.end) == [Site(stage, block) for stage, blocks in stages.items() for block in blocks]
    state = torch.load(ssn / "weights.pth", weights_only=True)["state_dict"]
    (snapshots,) = ssn.glob("training/*/offsets")
    for kept, n in ((one.start, 0), (one.half, 1), (one.end, 2)):
        with np.load(snapshots / f"iter_{n}.npz") as arrays:
            for site, offsets in kept.items():
                np.testing.assert_array_equal(offsets, arrays[f"backbone.fsms.layer{site.stage}_{site.block}"])
    np.testing.assert_array_equal(one.end[Site(3, 4)], state["backbone.fsms.layer3_4.offsets"])
    assert (one.seed, one.input_size, one.weights) == (0, (48, 64), file_digest(ssn / "weights.pth"))


def test_snapshots_of_another_training_are_not_taken_for_this_one(ssn: Path) -> None:
    (snapshots,) = ssn.glob("training/*/offsets")
    with np.load(snapshots / "iter_2.npz") as arrays:
        moved = {name: offsets + 1 for name, offsets in arrays.items()}
    np.savez(snapshots / "iter_2.npz", **moved)
    (one,) = read_trainings([ssn], "smoke", ["ssn"])
    assert (one.start, one.half) == (None, None)


def test_command_writes_a_line_a_claim_and_a_picture(ssn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ssn.parents[1] / "offsets.csv"
    assert main([*PRESET, "--trainings", str(ssn), "--out", str(out)]) == 0
    table = pd.read_csv(out).set_index("claim")
    assert list(table.index) == [claim.id for claim in offset_claims()]
    measured = table[table.status == "measured"]
    assert len(measured) == 4 and set(measured.finding) <= {"holds", "does not hold", "undecided"}
    assert set(measured.weights) == {f"ssn/seed0={file_digest(ssn / 'weights.pth')}"}
    assert set(measured.seen) <= {"yes", "no"} and (measured.low95 <= measured.low90).all()
    assert table.missing["shorter-offsets-without-attention"] == "a training of ssn-wo-ca"
    assert cv2.imread(str(out.with_suffix(".png"))).std() > 0
    printed = capsys.readouterr().out
    assert "in the controlled experiment: " in printed
    assert "undelayed-offsets-leave-the-map: not run: needs a training of ssn-no-delayed-insertion" in printed


def test_where_the_preset_names_what_it_decides_the_command_describes(ssn: Path, monkeypatch, capsys) -> None:
    smoke = presets.load_preset("smoke")
    named = {"seeds": [0], "differences": [["ssn", "ssn-wo-ca"]]}
    monkeypatch.setattr(presets, "load_preset", lambda _: replace(smoke, settings={**smoke.settings, "primary": named}))
    out = ssn.parents[1] / "described.csv"
    assert main([*PRESET, "--trainings", str(ssn), "--out", str(out)]) == 0
    table = pd.read_csv(out).query("status == 'measured'")
    assert len(table) == 4 and set(table.finding) == {"descriptive"} and table.p_holm.notna().all()
    assert capsys.readouterr().out.count("in the controlled experiment: descriptive; ") == 4


def test_what_does_not_fit_is_refused_by_name(ssn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refusal(*arguments: str) -> str:
        assert main([*arguments, "--out", str(ssn / "offsets.csv")]) == 1
        return capsys.readouterr().err

    of_figures = refusal("offsets", "--preset", "figures", "--trainings", str(ssn))
    assert "is of the preset 'smoke', expected 'figures'" in of_figures
    assert "is already given by" in refusal(*PRESET, "--trainings", str(ssn), str(ssn))
    assert "config.py: is not there" in refusal(*PRESET, "--trainings", str(ssn.parent))
    record = json.loads((ssn / "weights.json").read_text())
    (ssn / "weights.json").write_text(json.dumps(record | {"checkpoint_digest": "sha256:0"}))
    assert "is not the file that weights.json beside it tells of" in refusal(*PRESET, "--trainings", str(ssn))
    (ssn / "weights.json").unlink()
    assert "weights.json: cannot be read" in refusal(*PRESET, "--trainings", str(ssn))
    config = ssn / "config.py"
    config.write_text(config.read_text().replace("'network': 'ssn'", "'network': 'backbone'"))
    assert "got no training that a claim is about" in refusal(*PRESET, "--trainings", str(ssn))
