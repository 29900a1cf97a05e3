"""The trials on the tune split, and the learning rate that was chosen by them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.trials import best_rate, table_of_trials

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "mini" / "trials.csv"


def trial(folder: Path, variant: str, rate: float, ap: float, split: str = "tune") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.py").write_text(f"optim_wrapper = dict(optimizer=dict(type='Adam', lr={rate}))\n")
    made = dict.fromkeys(("data_digest", "iterations", "wall_time_s", "commit", "date"), "x")
    scores = {
        "variant": variant,
        "seed": 1000,
        "final": "P4",
        "predictors": {"P1": {"AP": 0.9}, "P4": {"AP": ap, "AP_interval": [0.0, 1.0]}},
        "provenance": {**made, "data": f"drawn figures, version 1.0, {split}"},
    }
    (folder / "scores.json").write_text(json.dumps(scores))
    return folder / "scores.json"


def test_rate_is_best_on_the_mean_over_the_networks_and_not_for_one(tmp_path: Path) -> None:
    found = {("a", 0.004): 0.30, ("b", 0.004): 0.28, ("a", 0.008): 0.40, ("b", 0.008): 0.10}
    files = [trial(tmp_path / f"{v}{rate}", v, rate, ap) for (v, rate), ap in found.items()]
    table = table_of_trials(files)
    assert {(row.variant, row.learning_rate): row.ap for row in table.itertuples()} == {
        key: pytest.approx(100 * ap) for key, ap in found.items()
    }
    assert best_rate(table) == 0.004


def test_trial_on_another_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"scored on 'drawn figures, version 1\.0, val'"):
        table_of_trials([trial(tmp_path / "a", "a", 0.004, 0.3, split="val")])


def test_rate_of_figures_is_what_its_committed_trials_speak_for() -> None:
    table, figures = pd.read_csv(COMMITTED), load_preset("figures")
    planned = {(variant, rate) for variant in figures["trials"]["variants"] for rate in figures["trials"]["rates"]}
    assert {(row.variant, row.learning_rate) for row in table.itertuples()} == planned and len(table) == len(planned)
    assert best_rate(table) == figures["training"]["learning_rate"]
