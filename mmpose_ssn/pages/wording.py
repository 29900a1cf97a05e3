"""How pages put figures into words: scores with their spread, differences with their sign, lists of what differs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import fmean, stdev
from typing import Any

from mmpose_ssn.claims.verdicts import IN_THESE_RUNS
from mmpose_ssn.evaluation.comparison import Comparison, Outcome, Spread
from mmpose_ssn.evaluation.scores import PredictorScore, Scores
from mmpose_ssn.experiment.provenance import commit
from mmpose_ssn.pages.blocks import NONE
from mmpose_ssn.paper import PrintedNumber

NOT_RUN = "not run"

RESTS_ON_POOLING = "rests on pooling"
"""Where each network's own spread over trainings would decide otherwise than that of its group."""


def score_cell(trainings: Sequence[PredictorScore]) -> str:
    """Scores in percent: of one training with its interval, of several their mean and standard deviation."""
    scores = [100 * one.score for one in trainings]
    if len(scores) == 1:
        low, high = (100 * end for end in trainings[0].interval)
        return f"{scores[0]:.1f} [{low:.1f}, {high:.1f}]"
    return mean_cell(scores)


def mean_cell(scores: Sequence[float]) -> str:
    """A figure of several trainings, in percent: their mean and standard deviation."""
    if not scores:
        return NOT_RUN
    if len(scores) == 1:
        return f"{scores[0]:.1f}"
    return f"{fmean(scores):.1f} ± {stdev(scores):.1f} ({len(scores)} seeds)"


def difference_cell(one: Comparison | None, nothing: str = NOT_RUN) -> str:
    """A measured difference in points, with its interval."""
    return nothing if one is None else difference_words(one.difference, one.interval())


def difference_words(difference: float, interval: tuple[float, float]) -> str:
    """A difference in points, and in brackets its interval."""
    low, high = map(signed, interval)
    return f"{signed(difference)} [{low}, {high}]"


def outcome_words(one: Comparison) -> str:
    """An outcome, with what it depends on; where nothing is compared, whose score is too low."""
    if one.outcome is Outcome.NOT_COMPARED:
        return not_compared(one.too_low)
    these = IN_THESE_RUNS if one.in_these_runs and one.outcome is not Outcome.DESCRIPTIVE else ""
    return these + one.outcome.value + (f" ({RESTS_ON_POOLING})" if one.rests_on_pooling else "")


def not_compared(too_low: Sequence[str]) -> str:
    """Why there is no outcome: networks whose score is below the bound of their preset."""
    return f"{Outcome.NOT_COMPARED.value}: too low a score of {' and '.join(too_low)}"


def spread_words(spreads: Mapping[str, Spread]) -> str:
    """The spread over trainings of each group of networks."""
    return "; ".join(
        f"{group} {spread.sd:.2f}, "
        + ("assumed" if math.isinf(spread.freedom) else f"with {spread.freedom:g} degrees of freedom")
        for group, spread in spreads.items()
    )


def signed(points: PrintedNumber | float | None) -> str:
    """Points with their sign; a printed number keeps its digits."""
    if points is None:
        return NONE
    if isinstance(points, PrintedNumber):
        return f"+{points}"
    return f"{round(points, 1) + 0.0:+.1f}".replace("-", "−")  # a rounded -0.04 is no -0.0


def distinct(values: Iterable[object]) -> str:
    """The different values, in the order of their first appearance."""
    return ", ".join(dict.fromkeys(map(str, values)))


def listed(fields: Mapping[str, object]) -> str:
    """Fields and their values as a sentence."""
    spoken = {name: {True: "yes", False: "no"}[v] if isinstance(v, bool) else v for name, v in fields.items()}
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in spoken.items()) + "."


def comparison_record(one: Comparison) -> dict[str, Any]:
    """Columns that a CSV file has of a comparison; differences in points."""
    return {
        "difference_measured": one.difference,
        "difference_low": one.interval()[0],
        "difference_high": one.interval()[1],
        "error": one.test.error,
        "images_error": one.images_error,
        "freedom": one.test.freedom,
        "basis": one.test.basis.value,
        "spreads": spread_words(one.spreads),
        "p": one.test.p,
        "p_holm": one.test.p_holm,
        "p_welch": one.welch and one.welch.p,
        "p_welch_holm": one.welch and one.welch.p_holm,
        "levene": one.levene,
        "decided_together": one.family,
        "trainings": " ".join(f"{run}={count}" for run, count in one.trainings.items()),
        "outcome": outcome_words(one),
    }


def compared_record(scores: Sequence[Scores], resamples: int, higher: str, lower: str) -> dict[str, Any]:
    """Columns that a CSV file has of what two networks were compared on, and when.

    Args:
        scores: The scores of a page, which are all of one data set and protocol.
        resamples: Number of draws of the images.
        higher: Short id of the first network.
        lower: Short id of the second network.
    """
    example = next(one for one in scores if one.network == higher)
    return {
        "seeds": seeds_of(scores, higher, lower),
        "images": example.images,
        "resamples": resamples,
        "data": example.provenance["data"],
        "data_digest": example.provenance["data_digest"],
        "protocol": json.dumps(example.protocol),
        "commit": commit(),
        "date": date.today().isoformat(),
    }


def provenance_record(scores: Scores) -> dict[str, Any]:
    """Columns that a CSV file has of how the figures of a training were made."""
    return {name: value for name, value in scores.provenance.items() if name not in ("data", "seed")}


def seeds_of(scores: Iterable[Scores], *networks: str) -> str:
    """The seeds of some networks' trainings, each once, by which their files are found."""
    return " ".join(map(str, sorted({one.seed for one in scores if one.network in networks and one.seed is not None})))
