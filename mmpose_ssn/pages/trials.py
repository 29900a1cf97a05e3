"""The trials from which a preset's one learning rate is chosen, on images that score nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from mmpose_ssn.evaluation.scores import read_scores
from mmpose_ssn.experiment.presets import is_meaningless
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.pages.blocks import Columns, Page, Paragraph, Table
from mmpose_ssn.pages.results import Results
from mmpose_ssn.pages.study import data_notices


def page(results: Results) -> Page:
    """The deciding figure of every network that was tried at every rate, on the tune split.

    Raises:
        RefusedInput: If the preset has no trials, one is missing, or one was scored on another split.
    """
    folder, trials = results.folder / results.preset / "trials", results.settings.get("trials")
    if trials is None:
        raise RefusedInput(f"the preset {results.preset} has no trials")
    planned = [(name, rate) for name in trials["networks"] for rate in trials["rates"]]
    table = table_of_trials([folder / name / f"rate{rate}" / "scores.json" for name, rate in planned])
    rates, metric = table.pivot(index="network", columns="learning_rate", values="figure"), table["metric"].iloc[0]
    columns: Columns = {
        ("Network",): [str(name) for name in rates.index],
        **{(f"{metric}, rate", f"{rate:g}"): [f"{figure:.1f}" for figure in rates[rate]] for rate in rates},
    }
    return Page(
        title=f"Trials of the learning rate, preset {results.preset}: {metric} on {table.data.iloc[0]}",
        notices=data_notices(results.preset, metric, str(table.data.iloc[0])),
        meaningless=is_meaningless(results.preset),
        blocks=[Table(columns), Paragraph(f"The rate {best_rate(table):g} has the best mean over the networks.")],
        records={"": table.to_dict("records")},
    )


def table_of_trials(files: Iterable[Path]) -> pd.DataFrame:
    """One line for each trial, from its ``scores.json`` in a folder ``<network>/rate<rate>``.

    Raises:
        RefusedInput: If a trial was not scored on the tune split: settings are chosen on nothing else.
    """
    lines = []
    for file in files:
        scores = read_scores(file)
        made = scores.provenance
        if not made["data"].endswith(", tune"):
            raise RefusedInput(f"{file}: scored on {made['data']!r}; a trial is scored on the tune split")
        low, high = scores.interval
        lines.append(
            {
                "network": scores.network,
                "learning_rate": float(file.parent.name.removeprefix("rate")),
                "metric": scores.metric,
                "figure": 100 * scores.score,
                "figure_low": 100 * low,
                "figure_high": 100 * high,
                "seed": scores.seed,
                **{name: made[name] for name in ("data", "data_digest", "iterations", "wall_time_s", "commit", "date")},
            }
        )
    return pd.DataFrame(lines)


def best_rate(table: pd.DataFrame) -> float:
    """The learning rate with the highest mean of the deciding figure over all networks that were tried."""
    return float(table.groupby("learning_rate")["figure"].mean().idxmax())
