"""Figure 7 and the supplement's Figure 1: non-local maps, effective receptive fields and windows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mmpose_ssn.networks import network
from mmpose_ssn.pages.analyses import Analyses, Line, ReadAnalysis
from mmpose_ssn.pages.blocks import Block, Columns, Heading, Page, Picture, Table
from mmpose_ssn.pages.plots import field_plot
from mmpose_ssn.pages.results import Results

_DISTANCES = (
    ("between joints", "distance-between-joints"),
    ("within a joint", "distance-within-a-joint"),
    ("windows follow joints: the difference", "windows-follow-joints"),
)


def page(results: Results) -> Page:
    """Figure 7 of a preset's trainings.

    Raises:
        RefusedInput: If an analysis does not fit its format or another one, or none is there.
    """
    found = Analyses.of(results, "figure7")
    with_modules = [name for name in found.networks if found.first(name).module]
    blocks: list[Block] = []
    if with_modules:
        shown = found.first(with_modules[0])
        images = range(len(shown.arrays["photos"]))
        groups = list(shown.content["channels"])
        blocks += [
            Heading(f"Non-local maps, receptive fields and windows, {network(shown.network).title}"),
            Picture(
                partial(field_plot.draw, [_field(shown, group, images[0]) for group in groups], _title(found, shown)),
                "Two non-local maps over an image, with receptive fields and windows at two joints each",
                vector=True,
            ),
            Heading("More images"),
            Picture(
                partial(
                    field_plot.draw_more,
                    [[_field(shown, group, number) for group in groups] for number in images],
                    _title(found, shown),
                ),
                "The same two non-local maps on several images",
                "-more",
                vector=True,
            ),
            Heading("Where the windows lie"),
            Table(_windows(found, with_modules), _notes(found)),
        ]
    blocks += [
        Heading("How far everything reaches"),
        Table(_reach(found), {**_reach_notes(found), **found.notes}),
    ]
    return Page(
        title=found.title("Figure 7"),
        blocks=blocks,
        notices=found.notices,
        meaningless=found.meaningless,
        records={"": found.records("figure7")},
    )


def _field(one: ReadAnalysis, group: str, image: int) -> field_plot.Field:
    arrays = one.arrays
    return field_plot.Field(
        words=f"map {one.content['channels'][group]}, by {group}",
        image=arrays["photos"][image],
        nonlocal_map=arrays[f"{group} map"][image],
        joints=[str(joint).replace("_", " ") for joint in arrays[f"{group} joints"]],
        places=arrays[f"{group} places"][image],
        held=arrays[f"{group} field held"][image],
        through=arrays[f"{group} field through"][image],
        windows=arrays["windows"],
        energy=arrays[f"{group} energy"][image],
        signed=arrays[f"{group} signed"][image],
        half=arrays[f"{group} half"][image],
    )


def _title(found: Analyses, one: ReadAnalysis) -> str:
    warning = " Meaningless: a run of the machinery." if found.meaningless else ""
    return (
        f"Two non-local maps of the module before {found.early}, chosen by a rule on "
        f"{one.content['chosen_on']['split']}; {network(one.network).title}, seed {one.seed}, preset {found.preset}, "
        f"{found.data}.{warning}"
    )


def _windows(found: Analyses, names: Sequence[str]) -> Columns:
    lines: list[Line] = [
        Line("shoulders look inwards, pixels, the lesser side", "shoulders-look-inwards", digits=2),
        Line("extent of the window at the elbow, pixels", "extent-of-window", "elbow", digits=2),
        Line("extent of the window at the knee, pixels", "extent-of-window", "knee", digits=2),
        Line("knee less elbow, pixels", "knee-window-wider", digits=2),
    ]
    for of in ("all channels", "shoulders", "elbows and knees"):
        lines += [Line(f"{of}: {words}", name, of, digits=3) for words, name in _DISTANCES]
    lines += [
        Line("windows differ by channel, Jaccard", "windows-differ-by-channel", digits=3),
        Line("windows differ by input channel, Jaccard", "windows-differ-by-input", digits=3),
        Line("windows differ by position, Jaccard", "windows-differ-by-position", digits=3),
    ]
    return found.table(names, lines)


def _notes(found: Analyses) -> dict[str, str]:
    chosen = next(one.content["chosen_on"] for one in found.read if one.content["chosen_on"])
    return {
        "Channels": f"Each training's two are chosen on {chosen['images']} people of {chosen['split']}, as those that "
        "show shoulders, and elbows and knees, most clearly; everything here is measured on other images.",
        "Inwards": "Mean window position, weighted by energy, along the direction from the shoulder to the middle of "
        "the trunk; above 0 on both sides where shoulders look inwards. All in pixels of the module's map.",
        "Between and within": "Jensen-Shannon distance of a channel's window energy at two joints of two photos.",
        "Without attention": "A window is the same everywhere, so that nothing follows joints.",
        "Without shift": "Every position is the centre, so that channels differ in energy and not in place.",
    }


def _reach(found: Analyses) -> Columns:
    lines: list[Line] = [
        Line(f"peak of {found.early}, on the crop", "field-of-peak", predictor=found.early, digits=1),
        Line("window, on the module's map", "radius-of-window", digits=2),
    ]
    for of in ("shoulders", "elbows and knees"):
        for to, words in (("input", "on the module's input"), ("image", "on the crop")):
            for how, under in (("held", "attention fixed"), ("through", "through attention")):
                lines.append(Line(f"map by {of}, {words}, {under}", f"field-on-{to}-{how}", of, digits=2))
    return found.table(found.networks, lines)


def _reach_notes(found: Analyses) -> dict[str, str]:
    return {
        "Radius": "Of the smallest disc about the place that holds half of the squared gradient, or of the window's "
        "energy; in pixels of the crop or of the map. The two maps are other channels in each training.",
        "Through attention": "Eq. 6 divides by a sum over the map, so that every place depends on every other.",
    }
