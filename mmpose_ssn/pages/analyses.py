"""What was measured inside the trainings of a preset, read back and checked, and what pages must say of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import numpy.typing as npt

from mmpose_ssn.experiment.presets import is_meaningless
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import REFERENCE, network, shown_on
from mmpose_ssn.pages.blocks import NONE, Columns
from mmpose_ssn.pages.results import Results, read_json
from mmpose_ssn.pages.study import MEANINGLESS, PAPER_DATA
from mmpose_ssn.pages.wording import distinct, listed


@dataclass(frozen=True)
class Line:
    """A line of a table of measured numbers.

    Attributes:
        words: What the line is called.
        name: Name of the number.
        of: Joint, module or map that it is of.
        predictor: Predictor whose heatmaps were taken back.
        reading: How the score was read.
        digits: Digits after the point.
    """

    words: str
    name: str
    of: str = ""
    predictor: str = ""
    reading: str = ""
    digits: int = 2


@dataclass(frozen=True, eq=False)
class ReadAnalysis:
    """The ``analysis.json`` of one training, and the arrays beside it.

    Attributes:
        file: The JSON file.
        content: What it holds; ``analysis.schema.yaml`` describes it.
    """

    file: Path
    content: dict[str, Any]

    @property
    def network(self) -> str:
        """Short id of the network."""
        return str(self.content["network"])

    @property
    def seed(self) -> int:
        """Seed of the training."""
        return int(self.content["seed"])

    @property
    def module(self) -> str | None:
        """The module that was looked into."""
        module: str | None = self.content["module"]
        return module

    @cached_property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What pictures need.

        Raises:
            RefusedInput: If the file is missing.
        """
        file = self.file.with_suffix(".npz")
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except OSError as error:
            raise RefusedInput(f"{file}: cannot be read ({error.strerror}); analyse the training again") from error

    @cached_property
    def _values(self) -> dict[tuple[str, ...], float]:
        return {
            (line["name"], line.get("of", ""), line.get("predictor", ""), line.get("reading", "")): (
                math.nan if line["value"] is None else line["value"]
            )
            for line in self.content["measurements"]
        }

    def value(self, name: str, of: str = "", predictor: str = "", reading: str = "") -> float:
        """A measured number; NaN where the training has none."""
        return self._values.get((name, of, predictor, reading), math.nan)

    def offsets(self, when: str) -> dict[str, npt.NDArray[np.float64]]:
        """The offsets [K, 2] of all modules at the start, at half or at the end, by the module's name."""
        return {name.split(" ", 2)[2]: one for name, one in self.arrays.items() if name.startswith(f"offsets {when} ")}


@dataclass(frozen=True, eq=False)
class Analyses:
    """What was measured inside the trainings that one page shows.

    Attributes:
        preset: Name of the preset.
        read: The trainings, by network and seed.
    """

    preset: str
    read: Sequence[ReadAnalysis]

    @classmethod
    def of(cls, results: Results, page: str) -> Analyses:
        """Read what a page shows, as far as it is there.

        Raises:
            RefusedInput: If a file does not fit its format, two are not of the same people, or there is none.
        """
        found = cls.any_of(results, page)
        if found is None:
            raise RefusedInput(
                f"{results.folder / results.preset}: no training of {', '.join(shown_on(page))} is analysed; "
                "run python -m mmpose_ssn analyse"
            )
        return found

    @classmethod
    def any_of(cls, results: Results, page: str) -> Analyses | None:
        """The same; None where there is none.

        Raises:
            RefusedInput: If a file does not fit its format, or two are not of the same people.
        """
        files = [folder / "analysis.json" for folder in results.trainings(shown_on(page))]
        read = [ReadAnalysis(file, read_json(file, "analysis")) for file in files if file.is_file()]
        for one in read:
            if one.content["preset"] != results.preset:
                raise RefusedInput(f"{one.file}: $.preset: is {one.content['preset']!r}, expected {results.preset!r}")
            for name in ("split", "people", "joints"):
                if one.content[name] != read[0].content[name]:
                    raise RefusedInput(
                        f"{one.file}: $.{name}: is not that of {read[0].file}; analyse both again, "
                        "with the same --images"
                    )
            if one.content["provenance"]["data_digest"] != read[0].content["provenance"]["data_digest"]:
                raise RefusedInput(f"{one.file}: is of other data than {read[0].file}; analyse both again")
        return cls(results.preset, read) if read else None

    @property
    def networks(self) -> tuple[str, ...]:
        """Short ids of the networks: SSN first, and then those that it is held against, in the registry's order."""
        names = dict.fromkeys(one.network for one in self.read)
        return tuple(sorted(names, key=lambda name: name != REFERENCE))

    def trainings(self, name: str) -> list[ReadAnalysis]:
        """The trainings of a network."""
        return [one for one in self.read if one.network == name]

    def first(self, name: str) -> ReadAnalysis:
        """The training of a network with the lowest seed, which pictures show."""
        return min(self.trainings(name), key=lambda one: one.seed)

    @property
    def joints(self) -> tuple[str, ...]:
        """Names of the joints."""
        return tuple(self.read[0].content["joints"])

    @property
    def early(self) -> str:
        """The predictor that the figures are about."""
        return str(self.read[0].content["predictors"][0])

    @property
    def data(self) -> str:
        """What was looked at."""
        return str(self.read[0].content["provenance"]["data"])

    @property
    def meaningless(self) -> bool:
        """Whether the preset says of itself that its numbers mean nothing."""
        return is_meaningless(self.preset)

    def title(self, name: str) -> str:
        """The title of a page."""
        warning = " (numbers meaningless: a run of the machinery)" if self.meaningless else ""
        return f"{name}, preset {self.preset}: measured on {self.data}{warning}"

    @property
    def notices(self) -> list[str]:
        """What the numbers are."""
        lines = [MEANINGLESS] if self.meaningless else []
        if self.data == PAPER_DATA:
            return lines
        return [
            *lines,
            f"Networks and data are not the paper's: {self.data}, where the paper has {PAPER_DATA}. What is seen here "
            "neither reproduces nor refutes a picture of the paper.",
        ]

    @property
    def notes(self) -> dict[str, str]:
        """How the numbers were made."""
        content = self.read[0].content
        made = {
            name.replace("_", " "): distinct(one.content["provenance"].get(name, NONE) for one in self.read)
            for name in ("commit", "analysed_by", "data_digest", "machine", "date")
        }
        seeds = {network(name).title: distinct(one.seed for one in self.trainings(name)) for name in self.networks}
        return {
            "Numbers": "A training is the unit: mean and standard deviation over seeds. Definitions: docs/analyses.md.",
            "Images": f"{content['images']} people of {content['split']} with all joints labelled, evenly spaced.",
            "Module": distinct(one.module for one in self.read if one.module) + ", the last one before "
            f"{self.early}, whose heatmaps are taken back.",
            "Seeds": listed(seeds),
            "Made by": listed(made),
        }

    def values(self, shown: str, name: str, of: str = "", predictor: str = "", reading: str = "") -> list[float]:
        """A number in each training of a network (:meth:`ReadAnalysis.value`)."""
        return [one.value(name, of, predictor, reading) for one in self.trainings(shown)]

    def table(self, shown: Iterable[str], lines: Sequence[Line]) -> Columns:
        """A table with a line for each number and a column for each network, by their short ids."""
        return {
            ("Measured",): [line.words for line in lines],
            **{
                (network(one).title,): [
                    measured_cell(self.values(one, line.name, line.of, line.predictor, line.reading), line.digits)
                    for line in lines
                ]
                for one in shown
            },
        }

    def records(self, figure: str) -> list[dict[str, Any]]:
        """Lines of a page's CSV file: every number of every training."""
        return [
            {
                "network": one.network,
                "seed": one.seed,
                "preset": self.preset,
                **{name: line.get(name, "") for name in ("name", "of", "predictor", "reading", "value", "unit")},
                "images": one.content["images"],
                **{
                    name: one.content["provenance"].get(name, "")
                    for name in ("data", "data_digest", "config_digest", "checkpoint_digest", "commit", "machine")
                },
                "notice": " ".join(self.notices),
            }
            for one in self.read
            for line in one.content["measurements"]
            if line["figure"] == figure
        ]


def measured_cell(values: Sequence[float], digits: int = 2) -> str:
    """Numbers of several trainings: mean and standard deviation; of one training the number alone."""
    known = [one for one in values if not math.isnan(one)]
    if not known:
        return NONE
    mean = f"{round(fmean(known), digits) + 0.0:.{digits}f}".replace("-", "−")
    return mean if len(known) == 1 else f"{mean} ± {stdev(known):.{digits}f} ({len(known)})"


def listed_cell(values: Sequence[float], digits: int = 3) -> str:
    """Numbers of several trainings that have no mean, such as p: one after the other."""
    known = [f"{one:.{digits}f}" for one in values if not math.isnan(one)]
    return ", ".join(known) or NONE


def downwards(joints: Iterable[str]) -> list[str]:
    """Joints, or kinds of joints, from head to foot, and left before right."""

    def place(joint: str) -> tuple[int, str]:
        name = joint.removeprefix("left_").removeprefix("right_").replace("_", " ")
        return _DOWNWARDS.index(name) if name in _DOWNWARDS else len(_DOWNWARDS), joint

    return sorted(joints, key=place)


_DOWNWARDS = ("top head", "nose", "eye", "ear", "neck", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def module_words(module: str) -> str:
    """A module's name in words: ``backbone.fsms.layer1_2`` is ``1.3``, before the third block of the first stage."""
    stage, _, block = module.rpartition("layer")[2].partition("_")
    return f"{stage}.{int(block) + 1}" if stage.isdecimal() and block.isdecimal() else module
