"""Learning curves come from what the trainings logged, whole also where a training was interrupted."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pandas as pd
import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.networks import networks
from mmpose_ssn.pages import curves
from mmpose_ssn.pages.plots.curve_plot import draw
from mmpose_ssn.pages.results import Results


def log(folder: Path, run: str, losses: dict[int, float]) -> None:
    file = folder / "training" / "0123456789ab" / run / "vis_data" / "scalars.json"
    file.parent.mkdir(parents=True)
    lines = [
        {"loss": loss, "loss_P": loss, "acc_pose": 1 - loss, "step": step, "time": 0.2} for step, loss in losses.items()
    ]
    lines.insert(1, {"lr/main": 0.004, "step": 50})  # what the offsets' record adds
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")


def test_interrupted_training_has_one_curve_and_the_picture_is_drawn(tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    log(folder / "ssn" / "seed0", "20260101_000000", {50: 0.9, 100: 0.8, 150: 0.7})
    log(folder / "ssn" / "seed0", "20260102_000000", {150: 0.6, 200: 0.5})
    log(folder / "lite-k256" / "seed0", "20260101_000000", {50: 0.4})
    assert main(["page", "curves", "--preset", "figures", "--results", str(tmp_path)]) == 0
    assert (folder / "curves.csv").read_text().splitlines() == [
        "network,seed,iteration,loss,loss_P,acc_pose",
        "ssn,0,50,0.9,0.9,0.1",
        "ssn,0,100,0.8,0.8,0.2",
        "ssn,0,150,0.6,0.6,0.4",
        "ssn,0,200,0.5,0.5,0.5",
        "lite-k256,0,50,0.4,0.4,0.6",
    ]
    assert cv2.imread(str(folder / "curves.png")).std() > 0
    text = (folder / "curves.md").read_text()
    assert "](curves.png)" in text and "figures: small networks on drawn figures" in text.splitlines()[0]


def test_each_network_is_one_line_in_its_panel_with_a_band_over_its_seeds(tmp_path: Path, monkeypatch) -> None:
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "close", lambda figure: None)
    for run, seed, losses in (("ssn", 0, {50: 0.9}), ("ssn", 1, {50: 0.7}), ("lite-k256", 0, {50: 0.4})):
        log(tmp_path / "figures" / run / f"seed{seed}", "20260101_000000", losses)
    shown = curves.page(Results("figures", tmp_path))
    shown.pictures[0].draw(tmp_path / "curves.png")
    deep, lite = plt.gcf().axes
    for panel, title, points in ((deep, "SSN", [[50, 20]]), (lite, "3Block + 3FSM, K = 256", [[50, 60]])):
        (line,) = panel.lines
        assert line.get_label() == title
        assert line.get_xydata().tolist() == [pytest.approx(point) for point in points]
    (band,) = deep.collections
    assert band.get_datalim(deep.transData).intervaly == pytest.approx([10, 30])
    monkeypatch.undo()
    plt.close()


def test_the_panel_is_that_of_the_networks_family_and_not_of_its_name(tmp_path: Path, monkeypatch) -> None:
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "close", lambda figure: None)
    of = ("litehrnet-18", "lite-k256-frozen", "ssn")
    assert [networks()[name].family for name in of] == ["deep", "lite", "deep"]
    draw(pd.DataFrame([dict(network=name, iteration=50, acc_pose=0.5) for name in of]), "title", tmp_path / "a.png")
    deep, lite = plt.gcf().axes
    assert [line.get_label() for line in deep.lines] == [networks()[name].title for name in ("litehrnet-18", "ssn")]
    assert [line.get_label() for line in lite.lines] == [networks()["lite-k256-frozen"].title]
    monkeypatch.undo()
    plt.close()


def test_only_chosen_trainings_are_drawn(tmp_path: Path) -> None:
    for run, seed in (("ssn", 0), ("ssn", 1), ("backbone", 1), ("lite-k256-conv7x7", 0)):
        log(tmp_path / "figures" / run / f"seed{seed}", "20260101_000000", {50: 0.5})
    for chosen, expected in (
        (None, {("backbone", 1), ("ssn", 0), ("ssn", 1)}),  # an alternative is on no page of Table 1
        (["backbone/seed1", "ssn/seed1", "lite-k256-conv7x7/seed0"], {("backbone", 1), ("ssn", 1)}),
        (["ssn/seed0"], {("ssn", 0)}),
    ):
        lines = curves.page(Results("figures", tmp_path, chosen)).records[""]
        assert {(line["network"], line["seed"]) for line in lines} == expected


def test_training_without_a_log_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "figures" / "ssn" / "seed0"
    command = ["page", "curves", "--preset", "figures", "--results", str(tmp_path)]
    assert main(command) == 1
    assert f"{tmp_path / 'figures'}: no training is there" in capsys.readouterr().err
    folder.mkdir(parents=True)
    assert main(command) == 1
    assert f"{folder}: no scalars.json" in capsys.readouterr().err
    assert not (tmp_path / "figures" / "curves.md").exists()
