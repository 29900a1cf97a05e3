"""Table 1: the paper's printed rows and our reference rows beside what one preset measured, and the paper's orderings.

What the table holds and what must be said of it; :mod:`mmpose_ssn.report.rendering` puts it into words and columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from mmpose_ssn import paper
from mmpose_ssn.experiment.presets import is_meaningless
from mmpose_ssn.paper.verdicts import ERROR
from mmpose_ssn.report.inputs import (
    Cost,
    FullSizeCost,
    RefusedInput,
    Scores,
    check_together,
    read_complexity,
    read_scores,
)
from mmpose_ssn.report.markup import MARKS
from mmpose_ssn.report.orderings import LEVEL, MeasuredOrdering, read_orderings
from mmpose_ssn.report.references import PLACE, REFERENCES

PAPER_DATA = "COCO val2017"
"""The data of the paper's Table 1; ``scores.json`` calls it so, to the letter, and nothing else."""

NOT_RUN = "not run"


@dataclass(frozen=True)
class Row:
    """One variant: its printed row, its full-size cost, and the scores of its trainings, by ascending seed.

    Attributes:
        id: the variant's short id.
        printed: None for a reference row, which the paper does not have.
        cost: None for a reference row: it is not counted at full size.
        scores: empty where it was not run.
    """

    id: str
    printed: paper.PaperRow | None
    cost: FullSizeCost | None
    scores: tuple[Scores, ...]

    @property
    def method(self) -> str:
        """The method's printed name; a reference row's says that it is not in the paper."""
        return self.printed.method if self.printed else f"{REFERENCES[self.id]} ({PLACE})"

    @property
    def place(self) -> str:
        """Where the paper prints it."""
        return self.printed.place if self.printed else PLACE

    @property
    def status(self) -> str:
        """``measured``, ``control`` for a measured reference row, ``not run``, or ``cost only`` for a network of which
        the paper prints no val2017 AP.
        """
        if self.scores:
            return "measured" if self.printed else "control"
        return "cost only" if self.printed and self.printed.ap is None else NOT_RUN

    @property
    def ap(self) -> float:
        """AP in percent, the mean over seeds."""
        return 100 * fmean(scores.ap for scores in self.scores)

    @property
    def trained(self) -> Cost | None:
        """Cost of the network that was trained."""
        return self.scores[0].network if self.scores else None

    @property
    def params_match(self) -> bool | None:
        """Whether the counted parameters round to the print; None where there is none."""
        if self.printed is None or self.cost is None:
            return None
        return self.printed.params_m.matches(self.cost.whole.params / 1e6)

    @property
    def flops_match(self) -> bool | None:
        """Whether the counted ops round to the printed FLOPS; None where there is no print."""
        if self.printed is None or self.cost is None:
            return None
        return self.printed.flops_g.matches(self.cost.whole.ops / 1e9)


@dataclass(frozen=True)
class Table1:
    """Table 1 for one preset: its rows in printed order, and what a reader must know to read them.

    Attributes:
        preset: the preset whose scores are shown.
        rows: the paper's, in printed order, then our reference rows.
        measured: the orderings that were measured, by id.
    """

    preset: str
    rows: tuple[Row, ...]
    measured: Mapping[str, MeasuredOrdering]

    @classmethod
    def from_files(
        cls, preset: str, complexity_file: Path, scores_files: Iterable[Path], orderings_file: Path | None = None
    ) -> Table1:
        """Put the paper's rows, the full-size networks' costs, the preset's scores and what was compared together.

        Args:
            preset: the preset whose scores are shown.
            complexity_file: ``complexity.csv``.
            scores_files: a ``scores.json`` for each trained variant and seed, and the mean pose's; a variant without
                one is "not run".
            orderings_file: ``orderings.csv``, made from the same scores; without it no ordering is measured.

        Raises:
            RefusedInput: if a file does not fit its format, another file, or the preset.
        """
        printed = paper.table1()
        costs = read_complexity(complexity_file)
        if missing := [variant for variant in printed if variant not in costs]:
            raise RefusedInput(f"{complexity_file}: column variant lacks {', '.join(missing)}; count all variants")
        scores = [read_scores(path) for path in scores_files]
        check_together(preset, scores, [*printed, *REFERENCES])
        measured = {} if orderings_file is None else read_orderings(orderings_file)
        for one in measured.values():
            _check_ordering(one, preset, scores, orderings_file)
        return cls(
            preset=preset,
            rows=tuple(
                Row(
                    id=variant,
                    printed=printed.get(variant),
                    cost=costs[variant] if variant in printed else None,
                    scores=tuple(sorted((s for s in scores if s.variant == variant), key=lambda s: s.seed or 0)),
                )
                for variant in [*printed, *REFERENCES]
            ),
            measured=measured,
        )

    @property
    def scores(self) -> list[Scores]:
        """The scores of all rows."""
        return [scores for row in self.rows for scores in row.scores]

    @property
    def networks(self) -> list[Scores]:
        """The scores of all trained networks: the mean pose is none."""
        return [scores for scores in self.scores if scores.network]

    @property
    def data(self) -> str | None:
        """The data that AP was measured on; None where nothing was run."""
        return next((str(scores.provenance["data"]) for scores in self.scores), None)

    @property
    def scaled(self) -> bool:
        """Whether a trained network was not the paper's full-size one."""
        return any(row.cost and row.trained not in (None, row.cost.whole) for row in self.rows)

    @property
    def title(self) -> str:
        """One line that names the preset and the data of the measured AP."""
        measured = "no AP measured yet" if self.data is None else f"AP measured on {self.data}"
        warning = (
            " (numbers meaningless: a run of the machinery)" if is_meaningless(self.preset) and self.scores else ""
        )
        return f"Table 1, preset {self.preset}: {measured}{warning}"

    @property
    def notices(self) -> list[str]:
        """What the measured column is, for whoever reads nothing else."""
        return notices(self.preset, self.data, self.scaled)

    @property
    def notes(self) -> dict[str, str]:
        """How the figures of the rows were made, by topic."""
        notes = {}
        scores, networks = self.scores, self.networks or self.scores
        if scores:
            final = distinct(one.final for one in networks)
            images, people, resamples = (
                distinct(getattr(one, name) for one in scores) for name in ("images", "instances", "resamples")
            )
            notes["AP"] = (
                f"OKS AP in percent of the final predictor ({final}) on {images} images with {people} people. In "
                f"brackets the 95 % bootstrap interval over images ({resamples} resamples), for the choice of images "
                "and not for that of the training seed. Where several seeds were trained, their mean and "
                "standard deviation; each seed and its interval are in the CSV file."
            )
            notes["Protocol"] = listed(networks[0].protocol)
        notes["Not in the paper"] = (
            "Rows of our own, with no printed figure and not counted at full size. The offsets frozen at random tell "
            "what learned offsets add to random reach. The mean pose is chance: the average training person, put into "
            "each box of the same protocol without a look at the image."
        )
        paper_rows = [row for row in self.rows if row.printed]
        params, flops = _share(row.params_match for row in paper_rows), _share(row.flops_match for row in paper_rows)
        policy = distinct(row.cost.policy for row in self.rows if row.cost)
        notes["Cost"] = (
            "For one image, counted on the full-size networks; in parentheses the paper's figure, "
            f"{MARKS[True]} where ours rounds to it and {MARKS[False]} where not (params {params}, FLOPs {flops}). "
            f"FLOPs are operations under the policy {policy!r}, MACs the multiply-accumulates of convolutions alone."
        )
        for row in paper_rows:
            if row.printed and row.printed.ap is None:
                elsewhere = row.printed.ap_test_dev
                notes[row.printed.method] = f"{row.printed.place}, shown for its cost" + (
                    f"; its printed AP ({elsewhere}) is on COCO test-dev, another split." if elsewhere else "."
                )
        if scores:
            made = {
                name.replace("_", " "): distinct(s.provenance[name] for s in scores if name in s.provenance)
                for name in ("commit", "data_digest", "iterations", "torch", "machine", "date", "external")
            }
            timed = [float(s.provenance["wall_time_s"]) for s in self.networks if "external" not in s.provenance]
            made["wall time of the trainings, added up"] = f"{sum(timed):.0f} s in {len(timed)} trainings"
            notes["Made by"] = listed({name: value for name, value in made.items() if value})
        return notes

    @property
    def runs(self) -> str:
        """What a decision about two networks speaks of: these runs, or several of each."""
        seeds = {one.seeds for one in self.measured.values()}
        return "in these runs" if all(len(one) == 1 for one in seeds) else "over the seeds trained"

    @property
    def ordering_notes(self) -> dict[str, str]:
        """How the orderings were measured and decided, by topic; empty where none was measured."""
        if not self.measured:
            return {}
        measured = self.measured.values()
        comparisons = f"{len(measured)} comparison" + ("s" if len(measured) > 1 else "")
        resamples, images = distinct(one.resamples for one in measured), distinct(one.images for one in measured)
        notes = {
            "Difference": (
                "AP of the first network less that of the second, in AP points; the printed one is the gap between "
                f"two figures of the paper, on {PAPER_DATA}. In brackets the {100 * LEVEL:.0f} % paired bootstrap "
                f"interval: both networks are scored on the same {images} images, drawn anew {resamples} times. It is "
                "not adjusted for the number of comparisons."
            ),
            "Outcome": (
                f"Higher or lower where a two-sided p, from the same resampled differences, is at most {ERROR} after "
                f"Holm's adjustment for the {comparisons} measured here; else undecided. With n of R "
                "resampled differences at 0 or beyond it on the rarer side, p is 2 (1 + n) / (1 + R)."
            ),
        }
        if all(len(one.seeds) == 1 for one in measured):
            notes["One seed"] = (
                "Each network was trained once. What another start or another order of training would change is in "
                "none of the intervals and outcomes: they speak of these trained networks, on other images."
            )
        else:
            notes["Seeds"] = several_seeds(one.seeds for one in measured)
        return notes


def notices(preset: str, data: str | None, scaled: bool) -> list[str]:
    """What measured AP is, for whoever reads nothing else on a page that has printed AP too.

    Args:
        preset: that the networks were trained under.
        data: that AP was measured on; None where nothing was run.
        scaled: whether a trained network was not the full-size one.
    """
    if data is None:
        return ["Nothing has been run under this preset: printed figures are the paper's, costs are counted."]
    lines = []
    if is_meaningless(preset):
        lines.append("The measured numbers are meaningless: this was a run of the machinery.")
    if data == PAPER_DATA:
        lines.append(f"The measured AP is on {PAPER_DATA}, the data of the printed one.")
    else:
        lines.append(
            f"The measured AP is on {data}, not on {PAPER_DATA}: it neither reproduces nor refutes a printed AP. "
            "Compare measured figures with each other only."
        )
    if scaled:
        lines.append(
            "The networks behind the measured AP are scaled versions of the paper's. Costs marked as trained here "
            "are theirs; all others are those of the paper's full-size networks, counted and not trained."
        )
    return lines


def several_seeds(of_each: Iterable[tuple[int, ...]]) -> str:
    """What an interval over several trainings holds; the seeds of each comparison are given."""
    seeds = "; ".join(dict.fromkeys(" ".join(map(str, seeds)) for seeds in of_each))
    return (
        f"The mean over the seeds that both networks have ({seeds}). What other seeds would have given is drawn along "
        "with the images, from a t distribution about their mean."
    )


def _check_ordering(one: MeasuredOrdering, preset: str, scores: Sequence[Scores], file: Path | None) -> None:
    """RefusedInput unless an ordering was measured on these very scores."""
    ordering = one.ordering
    ap = {(s.variant, s.seed): s.ap for s in scores}
    needed = [(name, seed) for name in (ordering.higher, ordering.lower) for seed in one.seeds]
    again = "run python -m mmpose_ssn compare again, on the scores of this table"
    if one.made["preset"] != preset:
        raise RefusedInput(f"{file}: {ordering.id}: preset is {one.made['preset']!r}, but the table is for {preset!r}")
    if absent := [f"{name} seed {seed}" for name, seed in needed if (name, seed) not in ap]:
        raise RefusedInput(f"{file}: {ordering.id}: compares {', '.join(absent)}, which have no scores here; {again}")
    if one.made["data_digest"] != scores[0].provenance["data_digest"]:
        raise RefusedInput(f"{file}: {ordering.id}: measured on other data than {scores[0].path}; {again}")
    expected = 100 * fmean(ap[ordering.higher, seed] - ap[ordering.lower, seed] for seed in one.seeds)
    if abs(one.difference - expected) > 1e-4:
        raise RefusedInput(
            f"{file}: {ordering.id}: says {one.difference:.4f} AP points, but the scores differ by {expected:.4f}; "
            f"{again}"
        )


def distinct(values: Iterable[object]) -> str:
    """The different values, in the order of their first appearance."""
    return ", ".join(dict.fromkeys(map(str, values)))


def listed(fields: Mapping[str, object]) -> str:
    """Fields and their values as a sentence."""
    spoken = {name: {True: "yes", False: "no"}[v] if isinstance(v, bool) else v for name, v in fields.items()}
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in spoken.items()) + "."


def _share(matches: Iterable[bool | None]) -> str:
    marks = list(matches)
    return f"{sum(map(bool, marks))} of {len(marks)}"
