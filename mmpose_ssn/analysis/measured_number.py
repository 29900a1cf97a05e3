"""One measured number of a training, with everything that tells it apart from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class MeasuredNumber:
    """A number (docs/analyses.md).

    Attributes:
        figure: The figure of the paper that it goes with, such as ``"figure5"``.
        name: What was measured, such as ``"shoulders-below"``.
        value: The number; NaN where there was nothing to measure, as of a joint without a channel.
        unit: Its unit.
        of: The joint, the module, or the map that it is of; empty where the name says it.
        predictor: The predictor whose heatmaps were taken back; empty where none was.
        reading: How the score was read, as :meth:`ScoreReading.alternatives` names it; empty where there is no score.
    """

    figure: str
    name: str
    value: float
    unit: str
    of: str = ""
    predictor: str = ""
    reading: str = ""


def known_mean(values: npt.ArrayLike) -> float:
    """Mean of those numbers that are known; NaN of none."""
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    return float(known.mean()) if known.size else float("nan")
