"""Figure 5: the offsets of all modules, and the windows of joints in the module before E1, drawn and measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from mmpose_ssn.networks import network
from mmpose_ssn.pages.analyses import Analyses, Line, ReadAnalysis, downwards, measured_cell, module_words
from mmpose_ssn.pages.blocks import Block, Columns, Heading, Page, Picture, Table
from mmpose_ssn.pages.plots import window_plot
from mmpose_ssn.pages.results import Results
from mmpose_ssn.plotting import LEFT, PALE

_WITH_AND_WITHOUT = ("ssn", "ssn-wo-ca")
_THRESHOLD = 0.5
_LITERAL = "as it is"

_MEASURED: Sequence[tuple[str, str, int]] = (
    ("shoulders: share of positions below", "shoulders-below", 2),
    ("... less that of all channels", "shoulders-below-beyond-all", 2),
    ("hips: vertical over horizontal spread", "hips-vertical", 2),
    ("... over that of all channels", "hips-vertical-against-all", 2),
    ("ankles: mean length less the median over kinds, pixels", "ankles-length-beyond-median", 2),
    ("overlap of one kind between halves of the images", "overlap-of-halves", 2),
    ("overlap of two kinds between halves of the images", "overlap-of-kinds", 2),
    ("windows differ: the first less the second", "windows-differ", 2),
)
"""What is measured of the joints' windows: words, name, digits."""


def page(results: Results) -> Page:
    """Figure 5 of a preset's trainings.

    Raises:
        RefusedInput: If an analysis does not fit its format or another one, or none is there.
    """
    found = Analyses.of(results, "figure5")
    early, names = found.early, found.networks
    drawn = [name for name in _WITH_AND_WITHOUT if name in names] or list(names[:1])
    blocks: list[Block] = [
        Heading("Offsets of all modules"),
        Picture(
            partial(
                window_plot.draw_modules, _module_rows(found, drawn), _marked(found, drawn[0]), _modules_title(found)
            ),
            "Window positions of each module at the start and at the end of training, with and without attention",
            vector=True,
        ),
        *(Table(_by_module(found, name), _module_notes(name) if name == drawn[0] else {}) for name in drawn),
        Heading(f"The windows of joints in the module before {early}"),
        Picture(
            partial(window_plot.draw_joints, [_joints_row(found, name) for name in names], _joints_title(found)),
            "Window positions of the channels that serve each joint",
            "-joints",
            vector=True,
        ),
        Table(
            found.table(names, [Line(words, name, "", early, _LITERAL, digits) for words, name, digits in _MEASURED]),
            _notes(found),
        ),
        Heading("How many channels serve each joint, and how far they look"),
        Table(_by_kind(found, names), found.notes),
        Heading("The same under other readings of the score"),
        *(Table(_by_reading(found, drawn[0], one)) for one in _predictors(found)),
    ]
    return Page(
        title=found.title("Figure 5"),
        blocks=blocks,
        notices=found.notices,
        meaningless=found.meaningless,
        records={"": found.records("figure5")},
    )


def _marked(found: Analyses, name: str) -> str:
    return module_words(found.first(name).module or "")


def _module_rows(found: Analyses, names: Sequence[str]) -> list[window_plot.ModulesRow]:
    rows = []
    for name in names:
        one = found.first(name)
        for when, color in (("start", PALE), ("end", LEFT)):
            if offsets := one.offsets(when):
                windows = {module_words(module): 0.0 - offset for module, offset in offsets.items()}
                words = f"{network(name).title}\n{when} of training"
                rows.append(window_plot.ModulesRow(words, windows, "0.45" if color == PALE else color))
    return rows


def _modules_title(found: Analyses) -> str:
    return (
        "Window positions (minus the offsets) of every module, in pixels of its own map: where a channel reads, from "
        "where it writes to, y downwards. 1.3 is the module before the third block of stage 1; bold: the one before "
        f"{found.early}. {_of(found)}"
    )


def _joints_title(found: Analyses) -> str:
    return (
        f"Window positions of the channels with a score above {_THRESHOLD:g} for each joint by {found.early}, in "
        f"pixels of the module's map. {_of(found)}"
    )


def _of(found: Analyses) -> str:
    warning = " Meaningless: a run of the machinery." if found.meaningless else ""
    return f"Preset {found.preset}, {found.data}.{warning}"


def _joints_row(found: Analyses, name: str) -> window_plot.JointsRow:
    one = found.first(name)
    chosen = one.arrays[f"scores {found.early}"] > _THRESHOLD
    return window_plot.JointsRow(network(name).title, one.arrays["windows"], _sides(found.joints, chosen))


def _sides(joints: Sequence[str], chosen: npt.NDArray[np.bool_]) -> Mapping[str, list[npt.NDArray[np.bool_]]]:
    """The channels of each kind of joints, left before right."""
    sides: dict[str, dict[str, npt.NDArray[np.bool_]]] = {}
    for number, joint in enumerate(joints):
        side = joint.split("_")[0] if joint.startswith(("left_", "right_")) else ""
        sides.setdefault(joint.removeprefix(f"{side}_").replace("_", " "), {})[side] = chosen[number]
    return {kind: [sides[kind][side] for side in sorted(sides[kind])] for kind in downwards(sides)}


def _by_module(found: Analyses, name: str) -> Columns:
    modules = list(found.first(name).offsets("end"))

    def column(what: str, when: str) -> list[str]:
        cells = [measured_cell(found.values(name, f"{what}-at-{when}", module)) for module in modules]
        by_depth = measured_cell(found.values(name, f"grid-by-depth-at-{when}"), 3) if what == "grid" else ""
        return [*cells, by_depth]

    return {
        (network(name).title, "module"): [*map(module_words, modules), "stages 3 and 4 less 1 and 2"],
        **{("on the grid,", when): column("grid", when) for when in ("start", "half", "end")},
        **{("mean length,", when): column("length", when) for when in ("start", "end")},
        **{("density and radius,", when): column("density-fall", when) for when in ("start", "end")},
    }


def _module_notes(name: str) -> dict[str, str]:
    return {
        "On the grid": "Share of the offsets' coordinates within 0.1 pixel of a whole number of pixels; 0.2 by chance.",
        "Mean length": "In pixels of the module's own map.",
        "Density and radius": "Minus the rank correlation of a ring's distance from the centre with its offsets per "
        "square pixel: 1 where they lie ever sparser further out, as those of a normal start do too.",
    }


def _notes(found: Analyses) -> dict[str, str]:
    return {
        "Below": "Of the window positions, not of the offsets, which are their opposite.",
        "All channels": "What a choice of channels at random would have.",
        "Frozen offsets": "No training moved one: what differs from all channels comes from their choice.",
        "Overlap": "Jaccard index of channels of kinds of joints, left and right in one; means over 20 random halves.",
    }


def _by_kind(found: Analyses, names: Sequence[str]) -> Columns:
    kinds = downwards(dict.fromkeys(line["of"] for line in _channel_lines(found.first(names[0]))))
    columns: dict[tuple[str, ...], Sequence[str]] = {("Joint",): kinds}
    for name in names:
        for what, words, digits in (("channels", "channels", 1), ("length", "mean length", 2)):
            columns[network(name).title, words] = [
                measured_cell(found.values(name, what, kind, found.early, _LITERAL), digits) for kind in kinds
            ]
    return columns


def _channel_lines(one: ReadAnalysis) -> list[dict[str, Any]]:
    return [line for line in one.content["measurements"] if line["figure"] == "figure5" and line["name"] == "channels"]


def _predictors(found: Analyses) -> list[str]:
    return list(found.read[0].content["predictors"])


def _by_reading(found: Analyses, name: str, predictor: str) -> Columns:
    readings = list(dict.fromkeys(line["reading"] for line in _channel_lines(found.first(name))))
    words = {_LITERAL: "literal"}
    return {
        (network(name).title, f"by {predictor}"): [words for words, *_ in _MEASURED],
        **{
            tuple(words.get(reading, reading).split(": ")): [
                measured_cell(found.values(name, measured, "", predictor, reading), digits)
                for _, measured, digits in _MEASURED
            ]
            for reading in readings
        },
    }
