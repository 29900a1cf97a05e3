"""The trials from which a preset's learning rate is chosen: one rate for all networks, on images that score nothing
else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from mmengine.config import Config


def table_of_trials(scores_files: Iterable[Path]) -> pd.DataFrame:
    """One line a trial, from its ``scores.json`` and the ``config.py`` beside it.

    Raises:
        ValueError: If a trial was not scored on the tune split: settings are chosen on nothing else.
    """
    lines = []
    for file in scores_files:
        scores = json.loads(file.read_text(encoding="utf-8"))
        made = scores["provenance"]
        if not made["data"].endswith(", tune"):
            raise ValueError(f"{file}: scored on {made['data']!r}; a trial is scored on the tune split")
        config = Config.fromfile(file.with_name("config.py"), import_custom_modules=False)
        low, high = scores["predictors"][scores["final"]]["AP_interval"]
        lines.append(
            {
                "variant": scores["variant"],
                "learning_rate": config.optim_wrapper.optimizer.lr,
                "ap": 100 * scores["predictors"][scores["final"]]["AP"],
                "ap_low": 100 * low,
                "ap_high": 100 * high,
                "seed": scores["seed"],
                **{name: made[name] for name in ("data", "data_digest", "iterations", "wall_time_s", "commit", "date")},
            }
        )
    return pd.DataFrame(lines)


def best_rate(table: pd.DataFrame) -> float:
    """The learning rate whose AP is highest on the mean over all networks that were tried."""
    return float(table.groupby("learning_rate")["ap"].mean().idxmax())
