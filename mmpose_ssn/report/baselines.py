"""The paper's networks beside MMPose's, and beside what could stand in their modules' place: cost, time and AP.

What the comparison holds; :mod:`mmpose_ssn.report.baselines_page` puts it into words, and
:mod:`mmpose_ssn.report.pareto_plot` into pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from mmpose_ssn import paper
from mmpose_ssn.experiment.presets import is_meaningless
from mmpose_ssn.paper import PrintedNumber
from mmpose_ssn.report.comparison import Decision, decide
from mmpose_ssn.report.contrasts import TrainedPredictors
from mmpose_ssn.report.inputs import Cost, RefusedInput, Scores, check_together, read_complexity
from mmpose_ssn.report.table1 import PAPER_DATA, notices
from mmpose_ssn.variants import ASSERTED, BASELINES, CONTROLS, HELD_AGAINST, OWN_RECIPE

_SIZE = "256x192"  # of the crops of the paper's Table 1
PAPERS = ("backbone", "ssn", "lite-k256", "lite-k512")
"""Networks of the paper that the others stand beside."""

KINDS = ("the paper's", "MMPose's", "alternative")
"""Where a network comes from; an alternative has something else in the modules' place, or does not train them whole."""

AGAINST = {name: other for name, other in HELD_AGAINST.items() if name not in (*ASSERTED, *CONTROLS)}
"""Networks that are shown beside them, each with the one of the paper that it is held against."""

SHOWN = (*PAPERS, *CONTROLS, *AGAINST)
"""All that can be shown; the controls are held against the paper's in Table 1."""


@dataclass(frozen=True)
class Latency:
    """What ``latency.csv`` says of a network: one image through it as deployed, batch 1.

    Attributes:
        wall_ms: Median by number of threads.
        peak_mb: Millions of bytes of maps at the peak.
        machine: That it was timed on.
        commit: Of the code that timed it.
    """

    wall_ms: Mapping[int, float]
    peak_mb: float
    machine: str
    commit: str


@dataclass(frozen=True)
class Entrant:
    """A network that was trained.

    Attributes:
        id: Its variant, with the suffix of its recipe.
        scores: Of its trainings, by ascending seed.
        deployed: Cost of the network that was trained, its answer alone.
        latency: None where it was not timed.
        decision: AP less that of the network of :data:`AGAINST`; None where it is held against none, or that one was
            not trained with the same seed.
        published: AP on COCO val2017 that the paper prints, or MMPose of its checkpoint; None for a network of ours.
    """

    id: str
    scores: tuple[Scores, ...]
    deployed: Cost
    latency: Latency | None
    decision: Decision | None
    published: PrintedNumber | None

    @property
    def network(self) -> str:
        """Its variant without the recipe."""
        return self.id.removesuffix(OWN_RECIPE)

    @property
    def kind(self) -> str:
        """One of :data:`KINDS`."""
        return _kind(self.network)

    @property
    def recipe(self) -> str:
        """``common``, which is the paper's, ``own``, or ``elsewhere`` for a checkpoint that was trained elsewhere."""
        if any("external" in one.provenance for one in self.scores):
            return "elsewhere"
        return "common" if self.id == self.network else "own"

    @property
    def ap(self) -> float:
        """AP in percent, the mean over seeds."""
        return 100 * fmean(scores.ap for scores in self.scores)


@dataclass(frozen=True)
class FullSize:
    """A network as it is published, counted and timed here and not trained.

    Attributes:
        id: Its variant.
        input_size: Height and width of its crop in pixels, such as ``256x192``.
        deployed: Its cost, its answer alone.
        mmpose_flops: What MMPose calls its FLOPs; None for the paper's.
        params_m: Parameters in millions as MMPose prints them; None where it does not.
        flops_g: ``mmpose_flops`` in billions as MMPose prints them; None where it does not.
        latency: None where it was not timed.
        published: AP on COCO val2017 as the paper or MMPose prints it; None for a network of ours.
        policy: By which its operations are counted.
    """

    id: str
    input_size: str
    deployed: Cost
    mmpose_flops: int | None
    params_m: PrintedNumber | None
    flops_g: PrintedNumber | None
    latency: Latency | None
    published: PrintedNumber | None
    policy: str

    @property
    def kind(self) -> str:
        """One of :data:`KINDS`."""
        return _kind(self.id)


@dataclass(frozen=True)
class Comparison:
    """All of it, for one preset.

    Attributes:
        preset: That the networks were trained under.
        entrants: Those that were trained.
        full_size: All that can be counted.
        scaled: Whether those that were trained are smaller than full size.
        resamples: Bootstrap resamples behind the differences.
    """

    preset: str
    entrants: tuple[Entrant, ...]
    full_size: tuple[FullSize, ...]
    scaled: bool
    resamples: int

    @classmethod
    def of(
        cls,
        preset: str,
        scaled: bool,
        scores: Sequence[Scores],
        deployed: Mapping[str, Cost],
        annotation_file: Path,
        complexity_file: Path,
        compared_file: Path,
        full_size_latency: Path | None = None,
        latency: Path | None = None,
    ) -> Comparison:
        """Put the files together.

        Args:
            preset: Whose scores are shown.
            scaled: Whether that preset makes networks smaller than full size.
            scores: Of each trained network and seed, with ``predictions/`` beside each file.
            deployed: Cost of each network that was trained, its answer alone.
            annotation_file: The annotations that they were scored with.
            complexity_file: ``complexity.csv``.
            compared_file: ``compared-costs.csv``.
            full_size_latency: ``latency.csv`` of the full-size networks, where they were timed.
            latency: The same of the preset's, which need none of their own where they are full size.

        Raises:
            RefusedInput: If a file does not fit its format, another file, or the preset.
        """
        check_together(preset, scores, SHOWN, apart_from=("decoder",))
        pairs = {one.variant: (one.variant, AGAINST[one.variant]) for one in scores if one.variant in AGAINST}
        # with fewer resamples Holm could decide none of so many pairs (two_sided_p)
        resamples = max([40 * len(pairs), *(one.resamples for one in scores)])
        trained = TrainedPredictors(scores, annotation_file, resamples)
        names = [name for name in SHOWN if trained.of(name)]
        decisions = decide(pairs, trained)
        full_size = read_full_size(complexity_file, compared_file, full_size_latency)
        full = {one.id: one for one in full_size}
        timed: Mapping[str, Latency | None] = {}
        if latency is not None:
            timed = read_latency(latency, preset)
        elif not scaled:
            timed = {name: one.latency for name, one in full.items()}
        published = {one.id: one.published for one in full_size}
        return cls(
            preset=preset,
            entrants=tuple(
                Entrant(
                    id=name,
                    scores=tuple(trained.of(name)),
                    deployed=deployed[name],
                    latency=timed.get(name.removesuffix(OWN_RECIPE)),
                    decision=decisions.get(name),
                    published=published.get(name.removesuffix(OWN_RECIPE)),
                )
                for name in names
            ),
            full_size=full_size,
            scaled=scaled,
            resamples=resamples,
        )

    @property
    def data(self) -> str | None:
        """The data that AP was measured on; None where nothing was run."""
        return next((str(one.scores[0].provenance["data"]) for one in self.entrants), None)

    @property
    def data_in_short(self) -> str:
        """The same to stand beside a number, with a warning where it is not the paper's."""
        return str(self.data) if self.data in (None, PAPER_DATA) else f"{self.data} (not {PAPER_DATA})"

    @property
    def notices(self) -> list[str]:
        """What the measured figures are, for whoever reads nothing else."""
        small = ["What was trained are small versions of these networks, made for one budget."] if self.scaled else []
        return notices(self.preset, self.data, scaled=False) + small

    @property
    def title(self) -> str:
        """One line that names the preset and the data of the measured AP."""
        warning = " (numbers meaningless: a run of the machinery)" if is_meaningless(self.preset) else ""
        return f"SSN beside other networks, preset {self.preset}: AP on {self.data or 'nothing yet'}{warning}"


def front(costs: Sequence[float], ap: Sequence[float]) -> list[bool]:
    """Which networks are on the Pareto front: no other has as much AP for as little, and more of one for less of the
    other.
    """
    pairs = list(zip(costs, ap, strict=True))
    return [not any(c <= cost and a >= value and (c, a) != (cost, value) for c, a in pairs) for cost, value in pairs]


def read_latency(path: Path, preset: str = "full size") -> dict[str, Latency]:
    """Read ``latency.csv``, by network.

    Args:
        path: The file.
        preset: Whose networks it must be of.

    Raises:
        RefusedInput: If the file is missing, lacks a column, or is of other networks.
    """
    table = _read(path, ["variant", "threads", "wall_ms", "peak_mb", "preset", "machine", "commit"], "latency")
    if strangers := sorted(set(table["preset"]) - {preset}):
        raise RefusedInput(f"{path}: column preset is {', '.join(map(str, strangers))}, expected {preset}")
    return {
        str(name): Latency(
            wall_ms=dict(zip(lines["threads"].astype(int), lines["wall_ms"].astype(float), strict=True)),
            peak_mb=float(lines["peak_mb"].iloc[0]),
            machine=str(lines["machine"].iloc[0]),
            commit=str(lines["commit"].iloc[0]),
        )
        for name, lines in table.groupby("variant", sort=False)
    }


def read_full_size(complexity_file: Path, compared_file: Path, latency_file: Path | None) -> tuple[FullSize, ...]:
    """The networks of the paper's Table 1, MMPose's, and the alternatives to the modules, as far as they are counted.

    Args:
        complexity_file: ``complexity.csv``.
        compared_file: ``compared-costs.csv``.
        latency_file: ``latency.csv``, where they were timed.

    Raises:
        RefusedInput: If a file does not fit its format.
    """
    latency = {} if latency_file is None else read_latency(latency_file)
    costs = read_complexity(complexity_file)
    if missing := [name for name in PAPERS if name not in costs]:
        raise RefusedInput(f"{complexity_file}: column variant lacks {', '.join(missing)}; count all variants")
    rows = [
        FullSize(name, _SIZE, costs[name].deployed, None, None, None, latency.get(name), row.ap, costs[name].policy)
        for name, row in paper.table1().items()
        if row.ap is not None and name in costs
    ]
    printed = ["published_params_m", "published_flops_g", "published_ap"]
    columns = ["variant", "input_size", "params", "macs", "ops", "mmpose_flops", "policy", *printed]
    for line in _read(compared_file, columns, "complexity --compared").to_dict("records"):
        params_m, flops_g, ap = (None if pd.isna(line[key]) else PrintedNumber(line[key]) for key in printed)
        deployed = Cost(line["params"], line["macs"], line["ops"])
        timed = latency.get(line["variant"])
        size, flops = line["input_size"], line["mmpose_flops"]
        rows.append(FullSize(line["variant"], size, deployed, flops, params_m, flops_g, timed, ap, line["policy"]))
    return tuple(rows)


def _kind(network: str) -> str:
    if network in BASELINES:
        return KINDS[1]
    return KINDS[0] if network in paper.table1() else KINDS[2]


def _read(path: Path, columns: list[str], command: str) -> pd.DataFrame:
    again = f"run python -m mmpose_ssn {command}"
    text: Any = {name: str for name in columns if name.startswith("published")}
    try:
        return pd.read_csv(path, usecols=columns, dtype=text)
    except OSError as error:
        raise RefusedInput(f"{path}: cannot be read ({error.strerror}); {again}") from error
    except ValueError as error:
        raise RefusedInput(f"{path}: {error}; {again} again") from error
