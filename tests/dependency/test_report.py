"""The page says what the numbers say, whichever way they went."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from mmpose_ssn.report.dependency import Results, draw, read_results, to_markdown
from mmpose_ssn.report.inputs import RefusedInput


def results(accuracy):
    """Made-up results; ``accuracy`` by kind, distance and seed."""
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
    return Results(pd.DataFrame(lines), pd.DataFrame(channels), 18)


def test_means_and_ranges_over_seeds_stand_in_the_table():
    page = to_markdown(results(lambda kind, distance, seed: 0.5 + 0.1 * seed))
    row = next(line for line in page.splitlines() if line.startswith("| title of conv3x3"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:] == ["1000 (1.00)", "2.0 (1.01)", "3", "60 [50, 70]", "60 [50, 70]"]


@pytest.mark.parametrize(("gain", "said"), [(0.1, "+10.0 points"), (0.0, "+0.0 points"), (-0.1, "-10.0 points")])
def test_the_gain_of_learning_is_told_with_its_sign(gain, said):
    page = to_markdown(results(lambda kind, distance, seed: 0.7 + (gain if kind == "fsm" else 0)))
    line = next(line for line in page.splitlines() if "less frozen random ones" in line)
    assert said in line and "over 6 pairs" in line
    counts = {0.1: "in 6, lower in 0", 0.0: "in 0, lower in 0", -0.1: "in 0, lower in 6"}
    assert counts[gain] in line


def test_kinds_are_listed_by_how_far_they_solve_every_distance():
    page = to_markdown(results(lambda kind, distance, seed: 1.0 if kind == "fsm" or distance == 2 else 0.5))
    assert "up to 8 px: title of fsm." in page
    assert "up to 2 px: title of conv3x3; title of fsm-random." in page
    page = to_markdown(results(lambda kind, distance, seed: 0.5 if distance == 2 else 1.0))
    assert "at no distance: title of conv3x3; title of fsm-random; title of fsm." in page


def test_an_unfinished_experiment_says_so():
    finished = results(lambda kind, distance, seed: 0.5)
    assert "missing" not in to_markdown(finished)
    assert "meaningless" in to_markdown(replace(finished, meaningless=True))
    assert "meaningless" not in to_markdown(finished)
    assert "2 of 20 are missing" in to_markdown(replace(finished, planned=20))


def test_the_picture_is_drawn_without_any_offsets_too(tmp_path):
    finished = results(lambda kind, distance, seed: 0.5)
    for name, channels in (("with", finished.channels), ("without", finished.channels.iloc[:0])):
        draw(replace(finished, channels=channels), tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000


def test_missing_results_are_refused_by_name(tmp_path):
    with pytest.raises(RefusedInput, match=r"dependency\.csv.*measure first"):
        read_results(tmp_path / "dependency", 1)
