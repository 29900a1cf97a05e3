"""The trials on the tune split, and the learning rate that was chosen by them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.trials import best_rate, page, table_of_trials

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "mini" / "trials.csv"
FOUND = {("ssn", 0.004): 0.30, ("backbone", 0.004): 0.28, ("ssn", 0.008): 0.40, ("backbone", 0.008): 0.10}

TRIALS = load_preset("figures")["trials"]
# All that the preset tries, the lowest rate the best on the mean.
ALL = {
    (name, rate): 0.3 - 0.02 * number - 0.01 * position
    for position, name in enumerate(TRIALS["networks"])
    for number, rate in enumerate(TRIALS["rates"])
}


@pytest.fixture
def trial(made):
    """Write a trial where the workflow has it."""

    def write(network: str, rate: float, ap: float, split: str = "tune") -> Path:
        data = {"data": f"drawn figures, version 1.0, {split}"}
        scored = made.score(network, {"P1": 0.9, "P4": ap}, seed=1000, provenance=data)
        file = made.path / "figures" / "trials" / network / f"rate{rate}" / "scores.json"
        file.parent.mkdir(parents=True)
        return scored.rename(file)

    return write


def test_rate_is_best_on_the_mean_over_the_networks_and_not_for_one(trial) -> None:
    table = table_of_trials([trial(*tried, ap) for tried, ap in FOUND.items()])
    assert {(row.network, row.learning_rate): row.figure for row in table.itertuples()} == {
        key: pytest.approx(100 * ap) for key, ap in FOUND.items()
    }
    assert best_rate(table) == 0.004


def test_trial_on_another_split_is_refused(trial) -> None:
    with pytest.raises(RefusedInput, match=r"scored on 'drawn figures, version 1\.0, val'"):
        table_of_trials([trial("ssn", 0.004, 0.3, split="val")])


def test_page_shows_every_network_at_every_rate(made, trial, tmp_path: Path) -> None:
    for tried, ap in ALL.items():
        trial(*tried, ap)
    trial("ssn-wo-ca", 0.004, 0.9)  # which the preset does not try
    assert main(["page", "trials", "--preset", "figures", "--results", str(tmp_path)]) == 0
    text = (tmp_path / "figures" / "trials.md").read_text()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert rows[0] == ["Network", "AP, rate<br>0.004", "AP, rate<br>0.008", "AP, rate<br>0.016"]
    assert rows[2:] == [
        [name, *(f"{100 * ALL[name, rate]:.1f}" for rate in TRIALS["rates"])] for name in sorted(TRIALS["networks"])
    ]
    assert "The rate 0.004 has the best mean" in text and "AP on drawn figures, version 1.0, tune" in text
    table = pd.read_csv(tmp_path / "figures" / "trials.csv")
    assert best_rate(table) == 0.004 and len(table) == len(ALL)


@pytest.mark.parametrize("gone", [("ssn", 0.004), ("lite-k256", 0.016)])
def test_a_trial_that_is_missing_is_named(made, trial, gone: tuple[str, float]) -> None:
    for tried, ap in ALL.items():
        if tried != gone:
            trial(*tried, ap)
    with pytest.raises(RefusedInput, match=rf"figures/trials/{gone[0]}/rate{gone[1]}/scores\.json: cannot be read"):
        page(made.of("figures"))


def test_a_preset_without_trials_has_no_page_of_them(made) -> None:
    with pytest.raises(RefusedInput, match="the preset smoke has no trials"):
        page(made.of("smoke"))


def test_rate_of_figures_is_what_its_committed_trials_speak_for() -> None:
    table, figures = pd.read_csv(COMMITTED).rename(columns={"ap": "figure"}), load_preset("figures")
    planned = {(network, rate) for network in figures["trials"]["networks"] for rate in figures["trials"]["rates"]}
    networks = table[table.columns[0]]  # called variant then
    assert set(zip(networks, table["learning_rate"], strict=True)) == planned and len(table) == len(planned)
    rates = table.groupby("learning_rate")["figure"].mean()
    assert best_rate(table) == figures["training"]["learning_rate"] == rates.idxmax()
