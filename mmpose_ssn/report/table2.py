"""Table 2: every predictor of the deep networks, the paper's figures beside what one preset measured, and the gains."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from mmpose_ssn import paper
from mmpose_ssn.evaluation.paired import PairedDifference, paired_difference
from mmpose_ssn.report.contrasts import Contrast, TrainedPredictors
from mmpose_ssn.report.inputs import RefusedInput, Scores, check_together, read_complexity
from mmpose_ssn.report.orderings import LEVEL
from mmpose_ssn.report.table1 import NOT_RUN, PAPER_DATA, Row, Table1, distinct, listed, several_seeds

EXTENSION = ("ssn-wo-ca", "ssn-wo-shift", "ssn-k256")
"""Networks of Table 1 whose predictors the paper does not print."""

PLACE = "not in the paper's Table 2"

PREDICTORS = ("E1", "E2", "E3", "P1", "P2", "P3", "P4")
"""In the order of their depth; P4 is the answer."""


@dataclass(frozen=True)
class Measured:
    """One predictor's AP in one training, as fractions.

    Attributes:
        scores: of the training.
        ap: OKS AP.
        interval: its 95 % bootstrap interval over images.
    """

    scores: Scores
    ap: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class StageRow:
    """One network.

    Attributes:
        id: the variant's short id.
        method: its printed name.
        printed: None for a network of which the paper prints the answer's AP alone, in Table 1.
        predictors: those that it has, in the order of their depth.
        measured: of each predictor, its trainings by ascending seed; empty where it was not run.
        macs: multiply-accumulates of the network that was trained, cut off at each predictor
            (:func:`mmpose_ssn.complexity.stages.count_stages`); empty where it was not run.
    """

    id: str
    method: str
    printed: paper.Table2Row | None
    predictors: tuple[str, ...]
    measured: Mapping[str, tuple[Measured, ...]]
    macs: Mapping[str, int]

    @property
    def place(self) -> str:
        """Where the paper prints it."""
        return f"Table 2, row {self.printed.row}" if self.printed else PLACE

    @property
    def status(self) -> str:
        """``measured``, ``extension`` for a measured network that the paper does not have here, or ``not run``."""
        if not self.measured:
            return NOT_RUN
        return "measured" if self.printed else "extension"

    def ap(self, predictor: str) -> float:
        """A predictor's AP in percent, the mean over seeds."""
        return 100 * fmean(one.ap for one in self.measured[predictor])


@dataclass(frozen=True)
class StageGain:
    """A gain that the paper prints: one predictor of two networks, of which the first has what the second lacks.

    Attributes:
        id: of the ledger's claim (:func:`mmpose_ssn.paper.claims`).
        introduced: what the second network lacks, ``"ESP"`` or ``"FSM"``.
        higher: short id of the first network.
        lower: short id of the second.
        predictor: whose AP is compared.
        place: where it is printed.
        printed: AP points on COCO val2017.
        seeds: those that both networks were trained with.
        paired: what was measured of them; None where there is no such seed.
    """

    id: str
    introduced: str
    higher: str
    lower: str
    predictor: str
    place: str
    printed: paper.PrintedNumber
    seeds: tuple[int, ...]
    paired: PairedDifference | None


@dataclass(frozen=True)
class Table2:
    """Table 2 for one preset.

    Attributes:
        rows: the paper's, in printed order, then :data:`EXTENSION`.
        gains: the printed gains, row by row.
        resamples: bootstrap resamples behind the gains' intervals.
        networks: the same networks' rows of Table 1, for what holds of both tables.
    """

    rows: tuple[StageRow, ...]
    gains: tuple[StageGain, ...]
    resamples: int
    networks: Table1

    @classmethod
    def of(
        cls,
        preset: str,
        complexity_file: Path,
        scores: Sequence[Scores],
        macs: Mapping[str, Mapping[str, int]],
        annotation_file: Path,
    ) -> Table2:
        """Put the paper's rows and the preset's scores together, and measure the gains.

        Args:
            preset: whose scores are shown.
            complexity_file: ``complexity.csv``.
            scores: of each trained network and seed, with ``predictions/`` beside each file.
            macs: of each trained network, :attr:`StageRow.macs`.
            annotation_file: the annotations that the networks were scored with.

        Raises:
            RefusedInput: if a file does not fit its format, another file, or the preset.
        """
        printed, tabled = paper.table2(), paper.table1()
        variants = [*printed, *EXTENSION]
        check_together(preset, scores, variants)
        costs = read_complexity(complexity_file)
        if missing := [variant for variant in variants if variant not in costs]:
            raise RefusedInput(f"{complexity_file}: column variant lacks {', '.join(missing)}; count all variants")
        by_variant = {
            variant: sorted((one for one in scores if one.variant == variant), key=lambda one: one.seed or 0)
            for variant in variants
        }
        rows = {}
        for variant, trainings in by_variant.items():
            row = printed.get(variant)
            predictors = tuple(name for name in PREDICTORS if row is None or name in row.ap)
            rows[variant] = StageRow(
                id=variant,
                method=row.method if row else tabled[variant].method,
                printed=row,
                predictors=predictors,
                measured=_by_predictor(trainings, predictors) if trainings else {},
                macs={name: macs[variant][name] for name in predictors} if trainings else {},
            )
        resamples = max((one.resamples for one in scores), default=0)
        trained = TrainedPredictors(scores, annotation_file, resamples)
        return cls(
            rows=tuple(rows.values()),
            gains=tuple(_gains(rows, trained)),
            resamples=resamples,
            networks=Table1(
                preset, tuple(Row(v, tabled[v], costs[v], tuple(by_variant[v])) for v in variants), measured={}
            ),
        )

    @property
    def title(self) -> str:
        """One line that names the preset and the data of the measured AP."""
        return "Table 2" + self.networks.title.removeprefix("Table 1")

    @property
    def data(self) -> str | None:
        """The data that AP was measured on; None where nothing was run."""
        return self.networks.data

    @property
    def data_in_short(self) -> str:
        """The same to stand beside a number, with a warning where it is not the paper's."""
        if self.data is None:
            return NOT_RUN
        return PAPER_DATA if self.data == PAPER_DATA else f"{self.data.partition(' (')[0]} (not {PAPER_DATA})"

    @property
    def notices(self) -> list[str]:
        """What the measured figures are, for whoever reads nothing else."""
        return self.networks.notices

    @property
    def notes(self) -> dict[str, str]:
        """How the figures were made, by topic."""
        scores = self.networks.scores
        notes = {}
        if scores:
            images, people, resamples = (
                distinct(getattr(one, name) for one in scores) for name in ("images", "instances", "resamples")
            )
            notes["AP"] = (
                f"OKS AP in percent of each predictor on {images} images with {people} people. In brackets the "
                f"{100 * LEVEL:.0f} % bootstrap interval over images ({resamples} resamples), for the choice of images "
                "and not for that of the training seed. Where several seeds were trained, their mean and "
                "standard deviation; each seed and its interval are in the CSV file."
            )
        notes["Predictors"] = (
            "E1, E2 and E3 look at the first three stages of the backbone, P1 at the coarsest level of the pyramid and "
            "P4, the answer, at the finest. All are of one training, which is also the one of Table 1."
        )
        notes["Not in the paper's Table 2"] = (
            "Rows of our own choice: networks of Table 1, of which the paper prints the answer's AP alone."
        )
        if scores:
            notes["Protocol"] = protocol(scores[0])
            notes["Made by"] = self.networks.notes["Made by"]
        return notes

    @property
    def gain_notes(self) -> dict[str, str]:
        """How the gains were measured, by topic; empty where none was."""
        measured = [gain for gain in self.gains if gain.paired]
        if not measured:
            return {}
        images = distinct(one.images for one in self.networks.scores)
        return {
            "Gain": (
                "AP of the network with what was introduced, less that of the network without, both by the predictor "
                f"that is named, in AP points. The printed one is on {PAPER_DATA}. In brackets the "
                f"{100 * LEVEL:.0f} % paired bootstrap interval: both are scored on the same {images} images, drawn "
                f"anew {self.resamples} times. It is not adjusted for the number of gains."
            ),
            "Seeds": (
                "Each network was trained once. What another start or another order of training would change is in "
                "none of the intervals."
                if all(len(gain.seeds) == 1 for gain in measured)
                else several_seeds(gain.seeds for gain in measured)
            ),
        }


def protocol(scores: Scores) -> str:
    """The protocol in words, without whose heatmaps are the answer: here every predictor is tested by it."""
    return listed({name: value for name, value in scores.protocol.items() if name != "predictor"})


def _by_predictor(trainings: Sequence[Scores], predictors: Sequence[str]) -> dict[str, tuple[Measured, ...]]:
    """Every predictor's figures from the files of one network."""
    found: dict[str, list[Measured]] = {name: [] for name in predictors}
    for one in trainings:
        if missing := [name for name in predictors if name not in one.predictors]:
            raise RefusedInput(
                f"{one.path}: $.predictors: lacks {', '.join(missing)} of {one.variant}, has "
                f"{', '.join(one.predictors)}; evaluate it with all of its predictors"
            )
        figures = json.loads(one.path.read_text(encoding="utf-8"))["predictors"]
        for name in predictors:
            low, high = figures[name]["AP_interval"]
            found[name].append(Measured(one, one.predictors[name], (low, high)))
    return {name: tuple(measured) for name, measured in found.items()}


def _gains(rows: Mapping[str, StageRow], trained: TrainedPredictors) -> Iterator[StageGain]:
    """The printed gains, measured where both networks were trained with the same seed."""
    for row in rows.values():
        for gain in row.printed.gains if row.printed else ():
            for predictor, points in gain.points.items():
                contrast: Contrast = {(row.id, predictor): 1.0, (gain.over, predictor): -1.0}
                seeds = trained.seeds(contrast)
                yield StageGain(
                    id=f"table2-{row.id}-{predictor.lower()}-{gain.introduced.lower()}-gain",
                    introduced=gain.introduced,
                    higher=row.id,
                    lower=gain.over,
                    predictor=predictor,
                    place=row.place,
                    printed=points,
                    seeds=tuple(seeds),
                    paired=paired_difference(*trained.sides(contrast), LEVEL) if seeds else None,
                )
