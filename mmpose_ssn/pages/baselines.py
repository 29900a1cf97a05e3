"""The paper's networks beside MMPose's, and beside what could stand in their modules' place: cost, time and score."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from mmpose_ssn.evaluation.comparison import Comparison
from mmpose_ssn.evaluation.scores import Cost, Scores
from mmpose_ssn.evaluation.trained import difference
from mmpose_ssn.networks import network, shown_on, split_run
from mmpose_ssn.pages.blocks import MARKS, NONE, Block, Columns, Heading, Page, Paragraph, Picture, Table
from mmpose_ssn.pages.full_size_networks import KINDS, FullSize, Latency, read_full_size, read_latency
from mmpose_ssn.pages.plots import pareto_plot
from mmpose_ssn.pages.plots.pareto_plot import Point, front
from mmpose_ssn.pages.results import Results
from mmpose_ssn.pages.study import PAPER_DATA, Study
from mmpose_ssn.pages.wording import (
    comparison_record,
    difference_cell,
    distinct,
    listed,
    outcome_words,
    provenance_record,
    score_cell,
)
from mmpose_ssn.paper import PrintedNumber

_FINAL_ALONE = (
    "Of the paper's networks the final predictor alone is counted and timed; MMPose's are taken as MMPose runs them, "
    "MSPN with the heatmaps of every level."
)


@dataclass(frozen=True)
class Entrant:
    """A run that was trained.

    Attributes:
        run: Name of the network under its recipe.
        scores: Scores of its trainings, by ascending seed.
        deployed: Cost of the network that was trained, with its final predictor alone.
        latency: What it takes for one image; None where it was not timed.
        comparison: Score less that of the network that it is held against; None where it is held against none, or that
            one was not trained.
        published: AP on COCO val2017 that the paper prints, or MMPose of its checkpoint; None for a network of ours.
        too_low: Whether it is compared with nothing, as its score or that of a decisive network is below the bound.
    """

    run: str
    scores: tuple[Scores, ...]
    deployed: Cost
    latency: Latency | None
    comparison: Comparison | None
    published: PrintedNumber | None
    too_low: bool

    @property
    def network(self) -> str:
        """Short id of the network."""
        return split_run(self.run)[0]

    @property
    def kind(self) -> str:
        """One of :data:`KINDS`."""
        return KINDS[network(self.network).group]

    @property
    def recipe(self) -> str:
        """The recipe that it was trained by: ``common``, which is the paper's, or its ``own``."""
        return split_run(self.run)[1]

    @property
    def elsewhere(self) -> bool:
        """Whether it is a checkpoint that was trained elsewhere."""
        return any("external" in one.provenance for one in self.scores)

    @property
    def score(self) -> float:
        """The deciding figure in percent, the mean over seeds."""
        return 100 * fmean(scores.score for scores in self.scores)


@dataclass(frozen=True)
class Baselines:
    """The networks of the page, for one preset.

    Attributes:
        study: The measured figures.
        entrants: The runs that were trained.
        full_size: All networks that can be counted.
        resamples: Number of draws of the images behind the differences.
    """

    study: Study
    entrants: tuple[Entrant, ...]
    full_size: tuple[FullSize, ...]
    resamples: int

    @classmethod
    def of(cls, results: Results) -> Baselines:
        """Put the preset's scores and times beside the full-size networks' costs, and compare.

        Raises:
            RefusedInput: If a file does not fit its format, another file, or the preset.
        """
        scores = results.scores("baselines", apart_from=("decoder",))
        study = Study.of(results, scores)
        full_size = read_full_size(results, timed=not study.meaningless)
        full = {one.network: one for one in full_size}
        latency_file = results.folder / results.preset / "latency.csv"
        timed: Mapping[str, Latency | None] = {}
        if not study.small:
            timed = {name: one.latency for name, one in full.items()}
        elif latency_file.is_file():
            timed = read_latency(latency_file, results.preset)
        pairs = {
            run: difference(run, against)
            for run in dict.fromkeys(one.run for one in scores)
            if (against := _held_against(run)) is not None
        }
        trained = results.trained(scores, pairs.values())
        comparisons = trained.compare(pairs)
        entrants = []
        for run in (run for run in shown_on("baselines") if trained.of(run)):
            trainings, name = trained.of(run), split_run(run)[0]
            assert trainings[0].cost is not None  # only the mean pose has none
            entrants.append(
                Entrant(
                    run=run,
                    scores=tuple(trainings),
                    deployed=trainings[0].cost.deployed,
                    latency=timed.get(name),
                    comparison=comparisons.get(run),
                    published=full[name].published if name in full else None,
                    too_low=bool(trained.too_low([run])),
                )
            )
        return cls(study, tuple(entrants), full_size, trained.resamples)


def page(results: Results) -> Page:
    """The page of baselines of a preset's results.

    Raises:
        RefusedInput: If a file does not fit its format, another file, or the preset.
    """
    return page_of(Baselines.of(results))


def page_of(beside: Baselines) -> Page:
    """The page: the networks that were scored with their picture, then the full-size networks with theirs."""
    study = beside.study
    small = ["What was trained are small versions of these networks, made for one budget."] if study.small else []
    blocks: list[Block] = []
    if beside.entrants:
        blocks += [
            Heading("Scored here"),
            Picture(_drawing(beside), f"{study.metric} against parameters, multiply-accumulates and time"),
            Table(_trained(beside), _trained_notes(beside)),
        ]
    blocks += [
        Heading("At full size, as published"),
        Paragraph(f"Nothing here was trained: AP is what the paper and MMPose print, on {PAPER_DATA}."),
        Picture(
            _full_size_drawing(beside.full_size),
            "Printed AP against parameters, multiply-accumulates and time",
            "-full-size",
        ),
        Table(_full_size(beside.full_size), _full_size_notes(beside.full_size)),
    ]
    return Page(
        title=study.title("SSN beside other networks"),
        notices=[*study.data_notices, *small],
        meaningless=study.meaningless,
        blocks=blocks,
        records={
            "": [
                _entrant_record(one) | _training_record(scores) | {"notice": " ".join([*study.data_notices, *small])}
                for one in beside.entrants
                for scores in one.scores
            ],
            "-full-size": [_full_size_record(one) for one in beside.full_size],
        },
    )


def _held_against(run: str) -> str | None:
    """The network that a run is compared with on this page; controls are compared in Table 1."""
    one = network(split_run(run)[0])
    return one.against if one.group in ("alternative", "baseline") else None


def _trained(beside: Baselines) -> Columns:
    order = list(dict.fromkeys(KINDS.values()))
    entrants = sorted(beside.entrants, key=lambda one: (order.index(one.kind), -one.score))
    fronts = _fronts(entrants)
    params, macs = _units(one.deployed for one in entrants)
    columns: dict[tuple[str, ...], Sequence[str]] = {
        ("Network",): [one.network for one in entrants],
        ("From",): [one.kind for one in entrants],
        ("Recipe",): [f"{one.recipe}, elsewhere" if one.elsewhere else one.recipe for one in entrants],
        (f"{beside.study.metric}, measured", beside.study.data_in_short): [
            score_cell([scores.predictors[scores.final] for scores in one.scores]) for one in entrants
        ],
    }
    if not beside.study.small:
        columns["AP, printed", PAPER_DATA] = [str(one.published or NONE) for one in entrants]
    return columns | {
        ("Against",): [str(_held_against(one.run)) if one.comparison else NONE for one in entrants],
        ("Difference",): [difference_cell(one.comparison, NONE) for one in entrants],
        ("Outcome",): [outcome_words(one.comparison) if one.comparison else NONE for one in entrants],
        (f"Parameters, {params[0]}",): [f"{one.deployed.params / params[1]:.3g}" for one in entrants],
        (f"MACs, {macs[0]}",): [f"{one.deployed.macs / macs[1]:.3g}" for one in entrants],
        **_time_columns([one.latency for one in entrants]),
        ("On the front of",): [", ".join(fronts[one.run]) or NONE for one in entrants],
    }


def _trained_notes(beside: Baselines) -> dict[str, str]:
    entrants, study = beside.entrants, beside.study
    compared = [one.comparison for one in entrants if one.comparison]
    notes = {study.metric: study.score_note("each network's final predictor")}
    what = f"{study.metric} less that of the paper's network whose budget it was made for, in {study.points}."
    notes |= study.comparison_notes("Difference", what, compared, beside.resamples)
    notes["Recipe"] = (
        "Common: the paper's, the same for all, at this preset's rate, which was chosen for the paper's networks. Own: "
        "augmentation, optimizer, rate and schedule of MMPose's config of the network, at this preset's batch and "
        "length."
    )
    if study.small:
        iterations = distinct(one.provenance["iterations"] for one in study.scores if "external" not in one.provenance)
        notes["Length"] = (
            f"{iterations} iterations for all; the paper trains for 400,000. Where a network comes out far below the "
            "rest, it has learned too little, and its score says how slowly it begins, not what it is good for."
        )
    if any(one.elsewhere for one in entrants):
        notes["Elsewhere"] = (
            "A checkpoint that was trained elsewhere and only scored here; its recipe is taken on trust."
        )
    notes["Cost"] = f"For one image, of the network that was trained. {_FINAL_ALONE}"
    notes |= _time_note([one.latency for one in entrants])
    notes["Front"] = (
        "No network of this table has as high a score for as little, by the point estimates: where intervals overlap, "
        "chance decides who is on it. A network that is compared with nothing is on none."
    )
    decoders = distinct(one.protocol["decoder"] for one in study.scores)
    notes["Protocol"] = listed(study.scores[0].protocol | {"decoder": decoders})
    notes["Made by"] = study.made_by
    return notes


def _drawing(beside: Baselines) -> Callable[[Path], None]:
    study = beside.study
    size = "small networks, " if study.small else ""
    meaning = ": numbers mean nothing" if study.meaningless else ""
    points = [
        Point(
            one.network, one.kind, _costs_drawn(one.deployed, one.latency), one.score, one.recipe == "own", one.too_low
        )
        for one in beside.entrants
    ]
    return _pareto(points, f"{size}preset {study.preset}{meaning}", f"{study.metric}, %, on {study.data_in_short}")


def _full_size_drawing(networks: Sequence[FullSize]) -> Callable[[Path], None]:
    """Draw the full-size networks whose AP is printed: MMPose's, and those of the paper that the page shows."""
    shown = shown_on("baselines")
    points = [
        Point(one.network, one.kind, _costs_drawn(one.deployed, one.latency), float(one.published))
        for one in networks
        if one.published and one.network in shown
    ]
    return _pareto(points, "full-size networks, nothing trained here", f"AP, %, as printed, on {PAPER_DATA}")


def _pareto(points: Sequence[Point], title: str, what: str) -> Callable[[Path], None]:
    kinds = list(dict.fromkeys(KINDS.values()))
    return partial(pareto_plot.draw, points, kinds, f"{KINDS['baseline']}, by its own recipe", title, what)


def _costs_drawn(deployed: Cost, latency: Latency | None) -> dict[str, float | None]:
    return {
        "parameters, M": deployed.params / 1e6,
        "multiply-accumulates, G": deployed.macs / 1e9,
        "time of one image on one thread, ms": latency.wall_ms.get(1) if latency else None,
    }


def _full_size(networks: Sequence[FullSize]) -> Columns:
    return {
        ("Network",): [one.network for one in networks],
        ("From",): [one.kind for one in networks],
        ("Crop",): [one.input_size for one in networks],
        ("AP, printed", PAPER_DATA): [str(one.published or NONE) for one in networks],
        ("Parameters, M", "(printed)"): [
            f"{one.deployed.params / 1e6:.2f}{_printed(one.params_m, one.deployed.params / 1e6)}" for one in networks
        ],
        ("MACs, G",): [f"{one.deployed.macs / 1e9:.3f}" for one in networks],
        ("Operations, G",): [f"{one.deployed.ops / 1e9:.3f}" for one in networks],
        ("MMPose's FLOPs, G", "(printed)"): [
            NONE
            if one.mmpose_flops is None
            else f"{one.mmpose_flops / 1e9:.3f}{_printed(one.flops_g, one.mmpose_flops / 1e9)}"
            for one in networks
        ],
        **_time_columns([one.latency for one in networks]),
    }


def _full_size_notes(networks: Sequence[FullSize]) -> dict[str, str]:
    params = [one.params_m.matches(one.deployed.params / 1e6) for one in networks if one.params_m]
    flops = [one.flops_g.matches(one.mmpose_flops / 1e9) for one in networks if one.flops_g and one.mmpose_flops]
    return {
        "AP": (
            "The paper's is after its 400,000 iterations, MMPose's is of the checkpoint in its zoo, after its own "
            "recipe; both are with flip test, on the boxes of a detector of AP 56.4. The recipes share little, so that "
            "the distance between two networks is theirs too."
        ),
        "Cost": (
            f"For one image. {_FINAL_ALONE} In parentheses what MMPose prints, "
            f"{MARKS[True]} where ours rounds to it and {MARKS[False]} where not (parameters {sum(params)} of "
            f"{len(params)}, FLOPs {sum(flops)} of {len(flops)}). What MMPose calls FLOPs is a multiply-accumulate, a "
            "bias, two for each element of BN, and a ReLU."
        ),
        **_time_note([one.latency for one in networks]),
    }


def _entrant_record(one: Entrant) -> dict[str, Any]:
    record: dict[str, Any] = {
        "network": one.network,
        "kind": one.kind,
        "recipe": one.recipe,
        **{f"trained_deployed_{name}": value for name, value in vars(one.deployed).items()},
        **_times(one.latency),
        "mean_of_seeds": one.score,
        "seeds": len(one.scores),
        "ap_printed": one.published,
        "ap_printed_on": one.published and PAPER_DATA,
        "citation": _citation(one.kind) if one.published else None,
    }
    if one.comparison:
        record |= {"against": _held_against(one.run), **comparison_record(one.comparison)}
    return record


def _training_record(scores: Scores) -> dict[str, Any]:
    low, high = scores.interval
    return {
        "preset": scores.preset,
        "metric": scores.metric,
        "seed": scores.seed,
        "measured": 100 * scores.score,
        "measured_low": 100 * low,
        "measured_high": 100 * high,
        "measured_on": scores.provenance["data"],
        "images": scores.images,
        "instances": scores.instances,
        "resamples": scores.resamples,
        "protocol": listed(scores.protocol),
        **provenance_record(scores),
    }


def _full_size_record(one: FullSize) -> dict[str, Any]:
    return {
        "network": one.network,
        "kind": one.kind,
        "input_size": one.input_size,
        "ap_printed": one.published,
        "ap_printed_on": one.published and PAPER_DATA,
        "citation": _citation(one.kind) if one.published else None,
        **vars(one.deployed),
        "mmpose_flops": one.mmpose_flops,
        "params_printed_m": one.params_m,
        "flops_printed_g": one.flops_g,
        "policy": one.policy,
        **_times(one.latency),
    }


def _fronts(entrants: Sequence[Entrant]) -> dict[str, list[str]]:
    """The costs in which each run is on the Pareto front."""
    found: dict[str, list[str]] = {one.run: [] for one in entrants}
    costs: dict[str, Callable[[Entrant], float | None]] = {
        "parameters": lambda one: one.deployed.params,
        "MACs": lambda one: one.deployed.macs,
        "time": lambda one: one.latency.wall_ms.get(1) if one.latency else None,
    }
    for name, cost in costs.items():
        known = [(one, value) for one in entrants if (value := cost(one)) is not None and not one.too_low]
        for (one, _), on in zip(known, front([v for _, v in known], [one.score for one, _ in known]), strict=True):
            if on:
                found[one.run].append(name)
    return found


def _printed(number: PrintedNumber | None, ours: float) -> str:
    return "" if number is None else f" ({number}{MARKS[number.matches(ours)]})"


def _units(costs: Iterable[Cost]) -> tuple[tuple[str, float], tuple[str, float]]:
    """Letter and size of the units of parameters and of multiply-accumulates."""
    costs = list(costs)
    big = max(one.params for one in costs) >= 1e6
    return ("M", 1e6) if big else ("k", 1e3), ("G", 1e9) if max(one.macs for one in costs) >= 1e9 else ("M", 1e6)


def _citation(kind: str) -> str:
    return "the paper" if kind == KINDS["paper"] else "MMPose's model zoo (mmpose_ssn/complexity/published.yaml)"


def _times(latency: Latency | None) -> dict[str, Any]:
    if latency is None:
        return {}
    times: dict[str, Any] = {f"wall_ms_{threads}_threads": wall for threads, wall in latency.wall_ms.items()}
    return times | {"peak_mb": latency.peak_mb, "time_machine": latency.machine, "time_commit": latency.commit}


def _time_columns(latencies: Sequence[Latency | None]) -> dict[tuple[str, ...], list[str]]:
    threads = sorted({number for one in latencies if one for number in one.wall_ms})
    columns: dict[tuple[str, ...], list[str]] = {
        ("Time, ms", f"{number} thread{'s' * (number > 1)}"): [
            _figure(one.wall_ms[number]) if one and number in one.wall_ms else NONE for one in latencies
        ]
        for number in threads
    }
    if threads:
        columns["Peak of", "maps, MB"] = [_figure(one.peak_mb) if one else NONE for one in latencies]
    return columns


def _figure(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _time_note(latencies: Sequence[Latency | None]) -> dict[str, str]:
    timed = [one for one in latencies if one]
    if not timed:
        return {}
    machine = distinct(one.machine for one in timed)
    return {
        "Time": (
            f"Median wall time of one image through the network, on {machine}, all networks in turn "
            "in one process: compare within the column. Decoding and flip test are left out. The "
            "peak is of maps, without weights and without what a library below PyTorch allocates for itself."
        )
    }
