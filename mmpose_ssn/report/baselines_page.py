"""SSN beside other networks as Markdown and CSV.

A column of measured figures names their data, so that a figure from drawn data cannot pass for a COCO one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from mmpose_ssn.paper.verdicts import ERROR
from mmpose_ssn.report.baselines import AGAINST, KINDS, Comparison, Entrant, FullSize, Latency, front
from mmpose_ssn.report.inputs import Cost
from mmpose_ssn.report.markup import MARKS, Columns, escape_markdown, markdown_list, markdown_table
from mmpose_ssn.report.orderings import LEVEL
from mmpose_ssn.report.rendering import ap_cell, notice_block, signed
from mmpose_ssn.report.table1 import PAPER_DATA, distinct, listed, several_seeds

_NONE = "–"
_ANSWER = (
    "Of the paper's networks the answer alone is counted and timed; MMPose's are taken as MMPose runs them, "
    "MSPN with the heatmaps of every level."
)


def to_markdown(comparison: Comparison, picture: str, full_size_picture: str) -> str:
    """The page: what was trained with its picture, then the full-size networks with theirs.

    Args:
        comparison: What to show.
        picture: File name of the first picture, as seen from the page.
        full_size_picture: That of the second.
    """
    page = [
        f"# {escape_markdown(comparison.title)}",
        "",
        *notice_block(comparison.preset, comparison.notices),
        "",
    ]
    if comparison.entrants:
        page += [
            "## Scored here",
            "",
            f"![AP against parameters, multiply-accumulates and time]({picture})",
            "",
            markdown_table(_trained(comparison)),
            "",
            *markdown_list(_trained_notes(comparison)),
            "",
        ]
    return "\n".join(
        [
            *page,
            "## At full size, as published",
            "",
            f"Nothing here was trained: AP is what the paper and MMPose print, on {PAPER_DATA}.",
            "",
            f"![Printed AP against parameters, multiply-accumulates and time]({full_size_picture})",
            "",
            markdown_table(_full_size(comparison.full_size)),
            "",
            *markdown_list(_full_size_notes(comparison.full_size)),
            "",
        ]
    )


def to_csv(comparison: Comparison) -> str:
    """One line a training, with the notices; AP in percent, differences in AP points, costs as exact counts."""
    notice = " ".join(comparison.notices)
    records = [
        _entrant_record(one) | _training_record(scores) | {"notice": notice}
        for one in comparison.entrants
        for scores in one.scores
    ]
    return pd.DataFrame(records, dtype=object).to_csv(index=False, lineterminator="\n")


def full_size_to_csv(networks: Sequence[FullSize]) -> str:
    """One line a network; AP as printed, costs as exact counts."""
    records = [
        {
            "variant": one.id,
            "kind": one.kind,
            "input_size": one.input_size,
            "ap_printed": one.published,
            "ap_printed_on": one.published and PAPER_DATA,
            "citation": _citation(one.kind) if one.published else None,
            **_costs(one.deployed),
            "mmpose_flops": one.mmpose_flops,
            "params_printed_m": one.params_m,
            "flops_printed_g": one.flops_g,
            "policy": one.policy,
            **_times(one.latency),
        }
        for one in networks
    ]
    return pd.DataFrame(records, dtype=object).to_csv(index=False, lineterminator="\n")


def _trained(comparison: Comparison) -> Columns:
    entrants = sorted(comparison.entrants, key=lambda one: (KINDS.index(one.kind), -one.ap))
    fronts = _fronts(entrants)
    params, macs = _units(one.deployed for one in entrants)
    columns: dict[tuple[str, ...], Sequence[str]] = {
        ("Network",): [one.network for one in entrants],
        ("From",): [one.kind for one in entrants],
        ("Recipe",): [one.recipe for one in entrants],
        ("AP, measured", comparison.data_in_short): [
            ap_cell([100 * scores.ap for scores in one.scores], [100 * end for end in one.scores[0].interval])
            for one in entrants
        ],
    }
    if not comparison.scaled:
        columns["AP, printed", PAPER_DATA] = [str(one.published or _NONE) for one in entrants]
    return columns | {
        ("Against",): [AGAINST[one.id] if one.decision else _NONE for one in entrants],
        ("Difference",): [_difference(one) for one in entrants],
        ("Outcome",): [one.decision.outcome if one.decision else _NONE for one in entrants],
        (f"Parameters, {params[0]}",): [f"{one.deployed.params / params[1]:.3g}" for one in entrants],
        (f"MACs, {macs[0]}",): [f"{one.deployed.macs / macs[1]:.3g}" for one in entrants],
        **_time_columns([one.latency for one in entrants]),
        ("On the front of",): [", ".join(fronts[one.id]) or _NONE for one in entrants],
    }


def _full_size(networks: Sequence[FullSize]) -> Columns:
    return {
        ("Network",): [one.id for one in networks],
        ("From",): [one.kind for one in networks],
        ("Crop",): [one.input_size for one in networks],
        ("AP, printed", PAPER_DATA): [str(one.published or _NONE) for one in networks],
        ("Parameters, M", "(printed)"): [
            f"{one.deployed.params / 1e6:.2f}{_printed(one.params_m, one.deployed.params / 1e6)}" for one in networks
        ],
        ("MACs, G",): [f"{one.deployed.macs / 1e9:.3f}" for one in networks],
        ("Operations, G",): [f"{one.deployed.ops / 1e9:.3f}" for one in networks],
        ("MMPose's FLOPs, G", "(printed)"): [
            _NONE
            if one.mmpose_flops is None
            else f"{one.mmpose_flops / 1e9:.3f}{_printed(one.flops_g, one.mmpose_flops / 1e9)}"
            for one in networks
        ],
        **_time_columns([one.latency for one in networks]),
    }


def _trained_notes(comparison: Comparison) -> dict[str, str]:
    entrants = comparison.entrants
    scores = [scores for one in entrants for scores in one.scores]
    images, people, resamples = (
        distinct(getattr(one, name) for one in scores) for name in ("images", "instances", "resamples")
    )
    decided = [one.decision for one in entrants if one.decision]
    notes = {
        "AP": (
            f"OKS AP in percent of each network's answer on {images} images with {people} people. In brackets the "
            f"{100 * LEVEL:.0f} % bootstrap interval over images ({resamples} resamples); where several seeds were "
            "trained, their mean and standard deviation."
        ),
    }
    if decided:
        notes["Difference"] = (
            "AP less that of the paper's network whose budget the network was made for, in AP points, with its paired "
            f"{100 * LEVEL:.0f} % bootstrap interval over the same images. The images are drawn "
            f"{comparison.resamples} times. Higher or lower where p is at most {ERROR} "
            f"after Holm's adjustment for all {len(decided)} of this table; else undecided."
        )
        notes["Seeds"] = (
            "One training of each network: what another seed would have given is in no interval."
            if all(len(one.seeds) == 1 for one in decided)
            else several_seeds(one.seeds for one in decided)
        )
    notes["Recipe"] = (
        "Common: the paper's, the same for all, at this preset's rate, which was chosen for the paper's networks. Own: "
        "augmentation, optimizer, rate and schedule of MMPose's config of the network, at this preset's batch and "
        "length."
    )
    if comparison.scaled:
        iterations = distinct(one.provenance["iterations"] for one in scores if "external" not in one.provenance)
        notes["Length"] = (
            f"{iterations} iterations for all; the paper trains for 400,000. Where a network comes out far below the "
            "rest, it has learned too little, and its AP says how slowly it begins, not what it is good for."
        )
    if any(one.recipe == "elsewhere" for one in entrants):
        notes["Elsewhere"] = "A checkpoint that was trained elsewhere, by whatever recipe, and only scored here."
    notes["Cost"] = f"For one image, of the network that was trained. {_ANSWER}"
    notes |= _time_note([one.latency for one in entrants])
    notes["Front"] = (
        "No network of this table has as much AP for as little, by the point estimates: where intervals overlap, "
        "chance decides who is on it."
    )
    decoders = distinct(one.protocol["decoder"] for one in scores)
    notes["Protocol"] = listed(scores[0].protocol | {"decoder": decoders})
    made = {
        name.replace("_", " "): distinct(one.provenance[name] for one in scores if name in one.provenance)
        for name in ("commit", "data_digest", "iterations", "machine", "date", "external")
    }
    notes["Made by"] = listed({name: value for name, value in made.items() if value})
    return notes


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
            f"For one image. {_ANSWER} In parentheses what MMPose prints, "
            f"{MARKS[True]} where ours rounds to it and {MARKS[False]} where not (parameters {sum(params)} of "
            f"{len(params)}, FLOPs {sum(flops)} of {len(flops)}). What MMPose calls FLOPs is a multiply-accumulate, a "
            "bias, two for each element of BN, and a ReLU."
        ),
        **_time_note([one.latency for one in networks]),
    }


def _entrant_record(one: Entrant) -> dict[str, Any]:
    record: dict[str, Any] = {
        "variant": one.id,
        "network": one.network,
        "kind": one.kind,
        "recipe": one.recipe,
        **{f"trained_deployed_{name}": value for name, value in _costs(one.deployed).items()},
        **_times(one.latency),
        "ap_mean_of_seeds": one.ap,
        "seeds": len(one.scores),
        "ap_printed": one.published,
        "ap_printed_on": one.published and PAPER_DATA,
        "citation": _citation(one.kind) if one.published else None,
    }
    if one.decision:
        paired = one.decision.paired
        record |= {
            "against": AGAINST[one.id],
            "difference_measured": 100 * paired.difference,
            "difference_low": 100 * paired.interval[0],
            "difference_high": 100 * paired.interval[1],
            "p": paired.p,
            "p_holm": one.decision.p_holm,
            "outcome": one.decision.outcome,
        }
    return record


def _training_record(scores: Any) -> dict[str, Any]:
    low, high = scores.interval
    return {
        "preset": scores.preset,
        "seed": scores.seed,
        "ap_measured": 100 * scores.ap,
        "ap_measured_low": 100 * low,
        "ap_measured_high": 100 * high,
        "ap_measured_on": scores.provenance["data"],
        "images": scores.images,
        "instances": scores.instances,
        "resamples": scores.resamples,
        "protocol": listed(scores.protocol),
        **{name: value for name, value in scores.provenance.items() if name not in ("data", "seed")},
    }


def _fronts(entrants: Sequence[Entrant]) -> dict[str, list[str]]:
    """The costs in which each network is on the front."""
    found: dict[str, list[str]] = {one.id: [] for one in entrants}
    costs: dict[str, Callable[[Entrant], float | None]] = {
        "parameters": lambda one: one.deployed.params,
        "MACs": lambda one: one.deployed.macs,
        "time": lambda one: one.latency.wall_ms.get(1) if one.latency else None,
    }
    for name, cost in costs.items():
        known = [(one, value) for one in entrants if (value := cost(one)) is not None]
        for (one, _), on in zip(known, front([v for _, v in known], [one.ap for one, _ in known]), strict=True):
            if on:
                found[one.id].append(name)
    return found


def _difference(one: Entrant) -> str:
    if one.decision is None:
        return _NONE
    low, high = (signed(100 * end) for end in one.decision.paired.interval)
    return f"{signed(100 * one.decision.paired.difference)} [{low}, {high}]"


def _printed(number: Any, ours: float) -> str:
    return "" if number is None else f" ({number}{MARKS[number.matches(ours)]})"


def _units(costs: Iterable[Cost]) -> tuple[tuple[str, float], tuple[str, float]]:
    """Letter and size of the units of parameters and of multiply-accumulates."""
    costs = list(costs)
    big = max(one.params for one in costs) >= 1e6
    return ("M", 1e6) if big else ("k", 1e3), ("G", 1e9) if max(one.macs for one in costs) >= 1e9 else ("M", 1e6)


def _costs(cost: Cost) -> dict[str, int]:
    return {"params": cost.params, "macs": cost.macs, "ops": cost.ops}


def _citation(kind: str) -> str:
    return "the paper" if kind == KINDS[0] else "MMPose's model zoo (mmpose_ssn/complexity/published.yaml)"


def _times(latency: Latency | None) -> dict[str, Any]:
    if latency is None:
        return {}
    times: dict[str, Any] = {f"wall_ms_{threads}_threads": wall for threads, wall in latency.wall_ms.items()}
    return times | {"peak_mb": latency.peak_mb, "time_machine": latency.machine, "time_commit": latency.commit}


def _time_columns(latencies: Sequence[Latency | None]) -> dict[tuple[str, ...], list[str]]:
    threads = sorted({number for one in latencies if one for number in one.wall_ms})
    columns: dict[tuple[str, ...], list[str]] = {
        ("Time, ms", f"{number} thread{'s' * (number > 1)}"): [
            _figure(one.wall_ms[number]) if one and number in one.wall_ms else _NONE for one in latencies
        ]
        for number in threads
    }
    if threads:
        columns["Peak of", "maps, MB"] = [_figure(one.peak_mb) if one else _NONE for one in latencies]
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
