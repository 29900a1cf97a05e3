"""The page says what the numbers say, whichever way they went."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from mmpose_ssn.__main__ import main
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.distance import DependencyResults, page_of, read_measured
from mmpose_ssn.pages.render import to_markdown


def measured(accuracy):
    """Made-up trainings; ``accuracy`` by kind, distance and seed."""
    lines = [
        {
            "kind": kind, "shift_channels": 64, "offset_std": 4.0, "distance": distance, "seed": seed, "iterations": 7,
            "title": f"title of {kind}", "limit": 3 if kind == "conv3x3" else None, "dx": distance, "dy": 0,
            "accuracy": accuracy(kind, distance, seed), "params": 1000, "params_ratio": 1.0, "macs": 2e6,
            "macs_ratio": 1.01, "commit": "c0ffee", "machine": "a machine",
        }
        | ({} if kind == "conv3x3" else {
            "nearest_before": float(distance), "nearest_after": 0.5, "mass_before": 0.01, "mass_after": 0.42,
        })
        for kind in ("conv3x3", "fsm-random", "fsm") for distance in (2, 8) for seed in range(3)
    ]  # fmt: skip
    channels = [
        {
            "kind": "fsm", "shift_channels": 64, "offset_std": 4.0, "distance": distance, "seed": 0, "channel": 0,
            "x_before": 1.0, "y_before": 2.0, "weight_before": 1.0,
            "x_after": distance, "y_after": 0.0, "weight_after": 1.0,
        }
        for distance in (2, 8)
    ]  # fmt: skip
    return DependencyResults(pd.DataFrame(lines), pd.DataFrame(channels), 18)


def markdown(found):
    return to_markdown(page_of(found), "dependency")


def test_means_and_ranges_over_seeds_stand_in_the_table():
    page = markdown(measured(lambda kind, distance, seed: 0.5 + 0.1 * seed))
    row = next(line for line in page.splitlines() if line.startswith("| title of conv3x3"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:] == ["1000 (1.00)", "2.0 (1.01)", "3", "60 [50, 70]", "60 [50, 70]"]


@pytest.mark.parametrize(("gain", "said"), [(0.1, "+10.0 points"), (0.0, "+0.0 points"), (-0.1, "-10.0 points")])
def test_the_gain_of_learning_is_told_with_its_sign(gain, said):
    page = markdown(measured(lambda kind, distance, seed: 0.7 + (gain if kind == "fsm" else 0)))
    line = next(line for line in page.splitlines() if "less frozen random ones" in line)
    assert said in line and "over 6 pairs" in line
    counts = {0.1: "in 6, lower in 0", 0.0: "in 0, lower in 0", -0.1: "in 0, lower in 6"}
    assert counts[gain] in line


def test_kinds_are_listed_by_how_far_they_solve_every_distance():
    page = markdown(measured(lambda kind, distance, seed: 1.0 if kind == "fsm" or distance == 2 else 0.5))
    assert "up to 8 px: title of fsm." in page
    assert "up to 2 px: title of conv3x3; title of fsm-random." in page
    page = markdown(measured(lambda kind, distance, seed: 0.5 if distance == 2 else 1.0))
    assert "at no distance: title of conv3x3; title of fsm-random; title of fsm." in page


def test_an_unfinished_experiment_says_so():
    finished = measured(lambda kind, distance, seed: 0.5)
    assert "missing" not in markdown(finished)
    assert "meaningless" in markdown(replace(finished, meaningless=True))
    assert "meaningless" not in markdown(finished)
    assert "2 of 20 are missing" in markdown(replace(finished, planned=20))


def test_the_picture_is_drawn_without_any_offsets_too(tmp_path):
    finished = measured(lambda kind, distance, seed: 0.5)
    for name, channels in (("with", finished.channels), ("without", finished.channels.iloc[:0])):
        (picture,) = page_of(replace(finished, channels=channels)).pictures
        picture.draw(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000


def test_missing_results_are_refused_by_name(tmp_path):
    with pytest.raises(RefusedInput, match=r"dependency\.csv.*measure first"):
        read_measured(tmp_path / "dependency")


def test_results_without_the_common_budget_are_refused(tmp_path):
    finished = measured(lambda kind, distance, seed: 0.5)
    finished.cells[finished.cells.kind == "fsm-random"].to_csv(tmp_path / "dependency.csv", index=False)
    finished.channels.to_csv(tmp_path / "dependency-offsets.csv", index=False)
    with pytest.raises(RefusedInput, match=r"dependency\.csv: has nothing but frozen random offsets yet"):
        read_measured(tmp_path / "dependency")


@pytest.mark.parametrize(("preset", "name"), [("figures", "dependency"), ("smoke", "dependency-smoke")])
def test_command_takes_the_smoke_form_for_a_preset_that_means_nothing(tmp_path, preset, name):
    finished = measured(lambda kind, distance, seed: 0.5)
    finished.cells.assign(planned=20).to_csv(tmp_path / f"{name}.csv", index=False)
    finished.channels.to_csv(tmp_path / f"{name}-offsets.csv", index=False)
    out = tmp_path / "elsewhere" / name
    assert main(["page", "dependency", "--preset", preset, "--results", str(tmp_path), "--out", str(out)]) == 0
    text = out.with_suffix(".md").read_text(encoding="utf-8")
    assert ("meaningless" in text) == (preset == "smoke") and "2 of 20 are missing" in text
    assert f"]({name}.png)" in text and out.with_suffix(".png").stat().st_size > 10_000
