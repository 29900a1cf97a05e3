"""What every page with measured figures must say of them: the data, that it is no COCO number, and how it was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mmpose_ssn.evaluation.comparison import ERROR, LEVEL, Basis, Comparison
from mmpose_ssn.evaluation.scores import Scores
from mmpose_ssn.experiment.data_sets import DATA_SETS
from mmpose_ssn.experiment.presets import Preset, is_meaningless
from mmpose_ssn.pages.results import Results
from mmpose_ssn.pages.wording import NOT_RUN, RESTS_ON_POOLING, distinct, listed, spread_words

PAPER_DATA = "COCO val2017"
"""The data of the paper's Tables 1 and 2; ``scores.json`` calls it so, to the letter, and nothing else."""


METRICS = {
    "AP": "OKS AP",
    "PCK@0.2": "PCK@0.2 (the share of a photo's joints that lie within 0.2 torsos, left shoulder to right hip, of "
    "where they are annotated, averaged over photos)",
}
"""What each figure that decides is, before "in percent of"."""

FIGURES = {
    "AP": "OKS AP in percent, with the constants that CrowdPose has for the same joints; a photo that PCK does not "
    "score counts too.",
    "PCK@0.1": "The same as PCK@0.2, within 0.1 torsos.",
    "confused@0.2": "The share of joints that lie within 0.2 torsos of where they are annotated only if left and right "
    "are swapped, in percent: the less, the better.",
}
"""What each figure is that stands beside the one that decides."""

MEANINGLESS = "The measured numbers are meaningless: this was a run of the machinery."
"""What a page of such a preset says first."""


@dataclass(frozen=True)
class Study:
    """The measured figures of one page.

    Attributes:
        preset: Name of the preset that the networks were trained under.
        scores: Scores of all networks of the page, and of the mean pose where it shows that.
        metric: The figure that decides, by which the preset's data set is scored.
        figures: Other figures that are taken of that.
        small: Whether the preset makes networks smaller than the paper's.
        bound: What is said of the preset's bound of validity; empty where it has none.
        primary: Whether the preset names what it decides.
    """

    preset: str
    scores: Sequence[Scores]
    metric: str
    figures: tuple[str, ...]
    small: bool
    bound: str = ""
    primary: bool = False

    @classmethod
    def of(cls, results: Results, scores: Sequence[Scores]) -> Study:
        """The study behind scores of a preset's results."""
        settings = results.settings
        small, primary = settings.get("network") is not None, settings.primary is not None
        figures = DATA_SETS[settings["data"]].figures
        return cls(results.preset, scores, settings.metric, figures, small, bound_words(settings), primary)

    @property
    def networks(self) -> list[Scores]:
        """The scores of all trained networks: the mean pose is none."""
        return [one for one in self.scores if one.cost]

    @property
    def scaled(self) -> bool:
        """Whether a trained network is smaller than the paper's."""
        return self.small and bool(self.networks)

    @property
    def data(self) -> str | None:
        """The data that was scored; None where nothing was run."""
        return next((str(one.provenance["data"]) for one in self.scores), None)

    @property
    def data_in_short(self) -> str:
        """The same to stand beside a number, with a warning where it is not the paper's."""
        return " ".join(self.data_lines)

    @property
    def data_lines(self) -> tuple[str, ...]:
        """The same as lines of a table's header."""
        return data_lines(self.data)

    @property
    def meaningless(self) -> bool:
        """Whether the preset says of itself that its numbers mean nothing."""
        return is_meaningless(self.preset)

    def title(self, name: str) -> str:
        """The title of a page, with the preset and the data of the measured figures."""
        measured = f"no {self.metric} measured yet" if self.data is None else f"{self.metric} measured on {self.data}"
        warning = " (numbers meaningless: a run of the machinery)" if self.meaningless and self.scores else ""
        return f"{name}, preset {self.preset}: {measured}{warning}"

    @property
    def notices(self) -> list[str]:
        """What measured scores and costs are, for whoever reads nothing else on a page that has printed ones too."""
        if not self.scaled:
            return self.data_notices
        return [
            *self.data_notices,
            f"The networks behind the measured {self.metric} are scaled versions of the paper's. Costs marked as "
            "trained here are theirs; all others are those of the paper's full-size networks, counted and not trained.",
        ]

    @property
    def data_notices(self) -> list[str]:
        """What the measured figures are."""
        return data_notices(self.preset, self.metric, self.data)

    @property
    def points(self) -> str:
        """The unit of a difference, such as "AP points"."""
        return points(self.metric)

    def score_note(self, of: str) -> str:
        """What the deciding figure is, and what its interval holds.

        Args:
            of: Whose figure it is, such as "each predictor".
        """
        images, people, resamples = (
            distinct(getattr(one, name) for one in self.scores) for name in ("images", "instances", "resamples")
        )
        return (
            f"{METRICS[self.metric]} in percent of {of} on {images} images with {people} people. In brackets the "
            f"{100 * LEVEL:.0f} % interval over images ({resamples} resamples), for the choice of images and not for "
            "that of the training seed. Where several seeds were trained, their mean and standard deviation; each seed "
            "and its interval are in the CSV file."
        )

    def comparison_notes(self, topic: str, what: str, compared: Iterable[Comparison], resamples: int) -> dict[str, str]:
        """How differences were measured and decided, by topic; empty where none was measured.

        Args:
            topic: What the differences are called.
            what: What they are, in words.
            compared: The differences that were measured.
            resamples: Number of draws of the images.
        """
        measured = list(compared)
        if not measured:
            return {}
        bases, spreads = [one.test.basis.value for one in measured], [spread_words(one.spreads) for one in measured]
        images = distinct(one.images for one in self.networks)
        return {
            topic: f"{what} {interval_note(bases, spreads, images, resamples)}",
            "Outcome": outcome_note((one.family for one in measured), bases, self.bound),
        }

    @property
    def made_by(self) -> str:
        """How the figures were made: commits, digests, machines, dates and times."""
        made = {
            name.replace("_", " "): distinct(s.provenance[name] for s in self.scores if name in s.provenance)
            for name in ("commit", "data_digest", "iterations", "torch", "machine", "date", "external")
        }
        timed = [float(s.provenance["wall_time_s"]) for s in self.networks if "external" not in s.provenance]
        made["wall time of the trainings, added up"] = f"{sum(timed):.0f} s in {len(timed)} trainings"
        return listed({name: value for name, value in made.items() if value})


def points(metric: str) -> str:
    """The unit of a difference, such as "AP points" or, of PCK at any distance, "PCK points"."""
    return f"{metric.partition('@')[0]} points"


def data_notices(preset: str, metric: str, data: str | None) -> list[str]:
    """What measured figures are: this is the one place that says that they are no COCO numbers.

    Args:
        preset: The preset that the networks were trained under.
        metric: The figure that decides.
        data: The data that was scored; None where nothing was run.
    """
    if data is None:
        return ["Nothing has been run under this preset: printed figures are the paper's, costs are counted."]
    lines = [MEANINGLESS] if is_meaningless(preset) else []
    if data == PAPER_DATA:
        return [*lines, f"The measured {metric} is on {PAPER_DATA}, the data of the printed one."]
    return [
        *lines,
        f"The measured {metric} is on {data}, not on {PAPER_DATA}: it neither reproduces nor refutes a printed AP. "
        "Compare measured figures with each other only.",
    ]


def data_lines(data: str | None) -> tuple[str, ...]:
    """The data of measured figures as lines of a table's header, with a warning where it is not the paper's."""
    if data is None:
        return (NOT_RUN,)
    return (PAPER_DATA,) if data == PAPER_DATA else (data.partition(" (")[0], f"(not {PAPER_DATA})")


def interval_note(bases: Iterable[str], spreads: Iterable[str], images: object, resamples: object) -> str:
    """What the intervals of differences hold.

    Args:
        bases: Where each difference takes the spread over trainings from (:class:`Basis`'s values).
        spreads: The spreads of groups of networks that each took, as ``wording.spread_words`` has them.
        images: Number of images.
        resamples: Number of draws of the images.
    """
    drawn = f"of {resamples} draws of the same {images} images"
    known = "; ".join(dict.fromkeys(one for words in spreads for one in words.split("; ") if one))
    if set(bases) == {Basis.UNKNOWN.value} and not known:
        return (
            f"In brackets the {100 * LEVEL:.0f} % interval by a t distribution, for the choice of images alone, by the "
            f"variance {drawn}. Each network was trained once, and how much another training would change is not "
            "known: intervals and outcomes speak of these trained networks."
        )
    over = "; ".join(dict.fromkeys(bases))
    return (
        f"In brackets the {100 * LEVEL:.0f} % interval by a t distribution, not adjusted for the number of "
        f"comparisons. It holds the spread over trainings ({over}) and the variance over images {drawn}."
        + (f" Standard deviation over trainings: {known}." if known else "")
    )


def bound_words(preset: Preset) -> str:
    """What is said of a preset's bound of validity; empty where it has none."""
    if not preset.least_score:
        return ""
    return (
        f"By the protocol nothing is compared where {' or '.join(preset.decisive)} is below {preset.metric} "
        f"{preset.least_score:g}, in "
        "the mean over seeds: then the networks have learned too little for a difference to mean anything. Nor is any "
        "other network that is below it."
    )


def outcome_note(sizes: Iterable[int | None], bases: Iterable[str], bound: str) -> str:
    """How outcomes are decided.

    Args:
        sizes: Number of comparisons that each one was decided with; None for one that is descriptive.
        bases: Where each takes the spread over trainings from.
        bound: What is said of the preset's bound of validity (:func:`bound_words`).
    """
    of_each = list(sizes)
    decided = [size for size in of_each if size is not None]
    words = []
    if decided:
        together = (
            "one comparison that is decided"
            if decided[0] == 1
            else f"{decided[0]} comparisons that are decided together"
        )
        words.append(
            f"Higher or lower where a two-sided p is at most {ERROR} after Holm's adjustment for the {together}; "
            "else undecided."
        )
    if decided and Basis.POOLED.value in bases:
        words.append(
            f'"{RESTS_ON_POOLING.capitalize()}": by a spread of each network\'s own (Welch) it would come out '
            "otherwise."
        )
    if None in of_each:
        words.append("Descriptive: not among what the preset decides, so that it has an interval and no outcome.")
    return " ".join([*words, bound] if bound else words)
