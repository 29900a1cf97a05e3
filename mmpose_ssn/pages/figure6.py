"""Figure 6: how many channels of the module before E1 serve each joint, drawn and measured."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import fmean

from mmpose_ssn.networks import network
from mmpose_ssn.pages.analyses import Analyses, downwards, listed_cell, measured_cell
from mmpose_ssn.pages.blocks import NONE, Block, Columns, Heading, Page, Picture, Table
from mmpose_ssn.pages.plots import count_plot
from mmpose_ssn.pages.results import Results

_READINGS = {"gradient": "gradient, as printed", "gradient-times-activation": "gradient times activation"}
_MAPS = {"input": "input P", "nonlocal_maps": "non-local N", "attention": "attention F"}
_GROUPS = ("head", "upper limbs")


def page(results: Results) -> Page:
    """Figure 6 of a preset's trainings.

    Raises:
        RefusedInput: If an analysis does not fit its format or another one, or none is there.
    """
    found = Analyses.of(results, "figure6")
    blocks: list[Block] = [
        Heading(f"Channels that serve each joint, of the module before {found.early}"),
        Picture(
            partial(count_plot.draw, _panels(found), _joint_words(downwards(found.joints)), _title(found)),
            "Counts of channels with a score above one half for each joint, of the module's input, its non-local maps, "
            "and its attention",
            vector=True,
        ),
        Heading("Head and upper limbs"),
    ]
    for number, predictor in enumerate(found.read[0].content["predictors"]):
        blocks.append(Table(_shares(found, predictor), {} if number else _notes(found)))
    blocks += [
        Heading("Joint by joint"),
        *(
            Table(_counts(found, reading), found.notes if last else {})
            for reading, last in zip(_READINGS, (False, True), strict=True)
        ),
    ]
    return Page(
        title=found.title("Figure 6"),
        blocks=blocks,
        notices=found.notices,
        meaningless=found.meaningless,
        records={"": found.records("figure6")},
    )


def _panels(found: Analyses) -> list[list[count_plot.CountPanel]]:
    shown = found.networks[0]
    rows = []
    for what, bars in (
        (network(shown).title, [(words, shown, at) for at, words in _MAPS.items() if at != "attention"]),
        (
            "attention F",
            [(network(name).title, name, "attention") for name in ("ssn", "ssn-wo-shift") if name in found.networks],
        ),
    ):
        if not bars:
            continue
        rows.append(
            [
                count_plot.CountPanel(
                    f"{what}: {words}",
                    {label: _by_training(found, name, at, reading) for label, name, at in bars},
                    {label: _chance(found, name, at, reading) for label, name, at in bars},
                )
                for reading, words in _READINGS.items()
            ]
        )
    return rows


def _by_training(found: Analyses, name: str, at: str, reading: str) -> list[list[float]]:
    return [
        [one.value(f"channels-of-{at}", joint, found.early, reading) for joint in downwards(found.joints)]
        for one in found.trainings(name)
    ]


def _chance(found: Analyses, name: str, at: str, reading: str) -> tuple[float, float]:
    low, high = (
        fmean(one.value(f"null-{end}-of-{at}", "", found.early, reading) for one in found.trainings(name))
        for end in ("low", "high")
    )
    return low, high


def _title(found: Analyses) -> str:
    warning = " Meaningless: a run of the machinery." if found.meaningless else ""
    return (
        f"Channels with a score above 0.5 for each joint by {found.early}. Dashed: where a joint lies in 95 of 100 "
        f"permutations of the joints' labels. Preset {found.preset}, {found.data}.{warning}"
    )


def _joint_words(joints: Sequence[str]) -> list[str]:
    return [joint.replace("left_", "l. ").replace("right_", "r. ").replace("_", " ") for joint in joints]


def _shares(found: Analyses, predictor: str) -> Columns:
    lines = [(name, reading, group) for name in found.networks for reading in _READINGS for group in _GROUPS]

    def cells(what: str) -> list[str]:
        return [
            measured_cell([100 * one for one in found.values(name, what, group, predictor, reading)], 1)
            for name, reading, group in lines
        ]

    def p_cells(what: str) -> list[str]:
        return [listed_cell(found.values(name, what, group, predictor, reading)) for name, reading, group in lines]

    return {
        (f"By {predictor}",): [network(name).title for name, _, _ in lines],
        ("score",): [_READINGS[reading].partition(",")[0] for _, reading, _ in lines],
        ("joints",): [group for _, _, group in lines],
        **{
            key: column
            for at, words in _MAPS.items()
            for key, column in (((words, "%"), cells(f"share-of-{at}")), ((words, "p"), p_cells(f"p-of-{at}")))
        },
        ("N less P", "points"): cells("share-moved"),
        ("N less P", "p"): p_cells("p-moved"),
    }


def _notes(found: Analyses) -> dict[str, str]:
    heads = [joint for joint in found.joints if joint in ("nose", "top_head")]
    size = 5 if "nose" in heads else 1
    return {
        "Share": "Of all channels with a score above 0.5, those of these joints, in percent, each joint's by itself. "
        f"The head is {size} of {len(found.joints)} joints"
        + ("." if size > 1 else ", its top alone: there is no face."),
        "p": "Two-sided, of each training, from 2000 permutations of the joints' labels within each channel.",
        "N less P": "What the module adds less what it gets. By the gradient alone the two differ only by the module's "
        "own paths from P, as N and P are added; times the activation they are told apart.",
        "Attention": "By the gradient times the activation F has the counts that S has.",
        NONE: "The network has no such map, or no channel of it a score above 0.5.",
    }


def _counts(found: Analyses, reading: str) -> Columns:
    return {
        (_READINGS[reading], f"by {found.early}"): _joint_words(downwards(found.joints)),
        **{
            (network(name).title, words): [
                measured_cell(found.values(name, f"channels-of-{at}", joint, found.early, reading), 1)
                for joint in downwards(found.joints)
            ]
            for name in found.networks
            for at, words in _MAPS.items()
        },
    }
