"""Joint by joint, and left against right: what a network finds of each joint, and how much of it on the wrong side."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any

from mmpose_ssn.evaluation.comparison import Comparison
from mmpose_ssn.evaluation.scores import PredictorScore, Scores
from mmpose_ssn.evaluation.trained import difference
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import PREDICTORS, network
from mmpose_ssn.pages.blocks import NONE, Block, Columns, Heading, Page, Picture, Table
from mmpose_ssn.pages.plots import joint_plot
from mmpose_ssn.pages.results import Results
from mmpose_ssn.pages.study import FIGURES, METRICS, Study
from mmpose_ssn.pages.wording import (
    compared_record,
    comparison_record,
    difference_cell,
    listed,
    mean_cell,
    outcome_words,
    provenance_record,
)

CONFUSED = "confused@0.2"
"""The share of joints that are found on the wrong side (:mod:`mmpose_ssn.evaluation.pck_matches`)."""


_STRICT = "PCK@0.1"
_OF_FOUND = (
    "The same over what is found on either side, of the joints that have one: who finds little confuses little. "
    "Descriptive."
)


@dataclass(frozen=True)
class Joints:
    """What was found of each joint, for one preset.

    Attributes:
        study: The measured figures.
        drawn: The networks of the picture.
        figure: The figure that the preset compares beside the one that decides; empty where it names none.
        comparisons: What was measured of the differences that it names, by their two networks.
        resamples: Number of draws of the images behind the comparisons.
    """

    study: Study
    drawn: tuple[str, ...]
    figure: str
    comparisons: Mapping[tuple[str, str], Comparison]
    resamples: int

    @classmethod
    def of(cls, results: Results) -> Joints:
        """Read the preset's scores, and compare what it names.

        Raises:
            RefusedInput: If a file does not fit its format, another file, or the preset, no network was scored, or it
                was not scored joint by joint.
        """
        settings, scores = results.settings, results.scores("table1")
        study = Study.of(results, scores)
        if CONFUSED not in study.figures:
            raise RefusedInput(
                f"the preset {results.preset} is scored by {study.metric}, which is of whole people: there is nothing "
                "to show joint by joint"
            )
        if not study.networks:
            raise RefusedInput(f"{results.folder / results.preset}: no network is scored; evaluate one first")
        trained = [one.network for one in study.networks]
        named = [run for pair in settings.primary or () for run in pair if run in trained]
        drawn, figure, comparisons, resamples = tuple(dict.fromkeys(named or trained)), "", {}, 0
        if settings.secondary is not None:
            figure, pairs = settings.secondary
            compared = results.trained(scores, secondary=True)
            comparisons = compared.compare({pair: difference(*pair) for pair in pairs})
            resamples = compared.resamples
        return cls(study, drawn, figure, comparisons, resamples)

    @property
    def networks(self) -> dict[str, list[Scores]]:
        """The trainings of each network; those of the mean pose too."""
        found: dict[str, list[Scores]] = defaultdict(list)
        for one in self.study.scores:
            found[one.network].append(one)
        return found


def page(results: Results) -> Page:
    """The page of a preset that is scored joint by joint.

    Raises:
        RefusedInput: If a file does not fit its format, another file, or the preset, or there is nothing to show.
    """
    joints = Joints.of(results)
    study = joints.study
    blocks: list[Block] = [
        Heading("Joint by joint"),
        Picture(_drawing(joints), f"{study.metric} of each joint, a bar for each network"),
        Table(_by_joint(joints), _joint_notes(joints)),
        Heading("Left and right confused"),
        Table(_by_predictor(joints), {CONFUSED: FIGURES[CONFUSED], "Of joints found": _OF_FOUND}),
    ]
    if joints.comparisons:
        blocks += [
            Heading(f"What is decided of {joints.figure}"),
            Table(_differences(joints), _difference_notes(joints)),
        ]
    return Page(
        title=study.title("Joint by joint"),
        notices=study.data_notices,
        meaningless=study.meaningless,
        blocks=blocks,
        records={
            "": [record for one in study.scores for record in _records(study, one)],
            "-differences": [_difference_record(joints, *pair) for pair in joints.comparisons],
        },
    )


def joint_figures(predictor: PredictorScore, metric: str) -> dict[str, float]:
    """A predictor's figure of each joint in percent, left and right in one: the mean of the two; NaN for a joint that
    no photo shows.
    """
    both: dict[str, list[float]] = defaultdict(list)
    for name, figure in predictor.figures.items():
        if name.startswith(f"{metric} "):
            joint = name.removeprefix(f"{metric} ").removeprefix("left_").removeprefix("right_")
            both[joint.replace("_", " ")].append(100 * figure)
    known = {joint: [one for one in figures if not math.isnan(one)] for joint, figures in both.items()}
    return {joint: fmean(figures) if figures else math.nan for joint, figures in known.items()}


def wrong_side_of_found(predictor: PredictorScore, metric: str) -> float:
    """Of the joints with a side that a predictor finds on either one, the share that is on the wrong one, in percent.

    It is the confused share over itself and the mean figure of the joints that have a side: a network that finds little
    confuses little, but no smaller part of it. NaN where a joint is shown by no photo, or nothing is found.
    """
    sided = [one for name, one in predictor.figures.items() if name.startswith((f"{metric} left_", f"{metric} right_"))]
    confused = predictor.figures[CONFUSED]
    found = confused + fmean(sided)
    return 100 * confused / found if found else math.nan


def _title(name: str) -> str:
    return network(name).title


def _drawing(joints: Joints) -> Any:
    study, networks = joints.study, joints.networks
    reached = {}
    for name in joints.drawn:
        of_trainings = [joint_figures(one.predictors[one.final], study.metric) for one in networks[name]]
        reached[_title(name)] = {joint: [one[joint] for one in of_trainings] for joint in of_trainings[0]}
    what = f"{study.metric}, %"
    return partial(joint_plot.draw, reached, study.title("Joint by joint"), what)


def _by_joint(joints: Joints) -> Columns:
    metric, lines = joints.study.metric, {}
    for name, trainings in joints.networks.items():
        finals = [one.predictors[one.final] for one in trainings]
        of_trainings = [joint_figures(one, metric) for one in finals]
        lines[_title(name)] = {joint: fmean(one[joint] for one in of_trainings) for joint in of_trainings[0]} | {
            figure: 100 * fmean(one.figures[figure] for one in finals) for figure in (metric, _STRICT)
        }
    return {
        ("Method",): list(lines),
        **{
            (column,): [NONE if math.isnan(one[column]) else f"{one[column]:.1f}" for one in lines.values()]
            for column in next(iter(lines.values()))
        },
    }


def _joint_notes(joints: Joints) -> dict[str, str]:
    study = joints.study
    return {
        study.metric: f"{METRICS[study.metric]} in percent, of one joint: the share of photos in which it is right, "
        "the mean of left and right and over trainings. In the picture the line in a bar goes from the lowest training "
        "to the highest.",
        _STRICT: FIGURES[_STRICT],
        "Protocol": listed(study.scores[0].protocol),
        "Made by": study.made_by,
    }


def _by_predictor(joints: Joints) -> Columns:
    rows = joints.networks
    finals = {one.final for own in rows.values() for one in own}
    reached = {name for own in rows.values() for one in own for name in one.predictors}
    names = [name for name in PREDICTORS if name in reached - finals]
    return {
        ("Method",): [_title(name) for name in rows],
        **{
            (name,): [
                mean_cell([100 * one.predictors[name].figures[CONFUSED] for one in own])
                if all(name in one.predictors for one in own)
                else NONE
                for own in rows.values()
            ]
            for name in names
        },
        ("final",): [
            mean_cell([100 * one.predictors[one.final].figures[CONFUSED] for one in own]) for own in rows.values()
        ],
        ("final, of", "joints found"): [
            mean_cell([wrong_side_of_found(one.predictors[one.final], joints.study.metric) for one in own])
            for own in rows.values()
        ],
    }


def _differences(joints: Joints) -> Columns:
    return {
        ("Difference",): [f"{_title(first)} less {_title(second)}" for first, second in joints.comparisons],
        (joints.figure, *joints.study.data_lines): [difference_cell(one) for one in joints.comparisons.values()],
        ("Outcome",): [outcome_words(one) for one in joints.comparisons.values()],
    }


def _difference_notes(joints: Joints) -> dict[str, str]:
    what = (
        f"Mean {joints.figure} of the first network's final predictor over its trainings less that of the second, in "
        "points."
    )
    return joints.study.comparison_notes("Difference", what, joints.comparisons.values(), joints.resamples)


def _records(study: Study, scores: Scores) -> list[dict[str, Any]]:
    return [
        {
            "network": scores.network,
            "predictor": name,
            "preset": scores.preset,
            "seed": scores.seed,
            **{
                figure: 100 * value
                for figure, value in predictor.figures.items()
                if figure in study.figures or figure.startswith(study.metric)
            },
            "data": scores.provenance["data"],
            "images": scores.images,
            "instances": scores.instances,
            "protocol": listed(scores.protocol),
            **provenance_record(scores),
            "notice": " ".join(study.data_notices),
        }
        for name, predictor in scores.predictors.items()
    ]


def _difference_record(joints: Joints, higher: str, lower: str) -> dict[str, Any]:
    study = joints.study
    return {
        "difference": f"{higher} less {lower}",
        "higher": higher,
        "lower": lower,
        "figure": joints.figure,
        "preset": study.preset,
        **comparison_record(joints.comparisons[higher, lower]),
        **compared_record(study.networks, joints.resamples, higher, lower),
        "notice": " ".join(study.data_notices),
    }
