"""The result files that pages are made of, found under one folder by convention, read and checked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from mmpose_ssn import paper
from mmpose_ssn.checked_yaml import complaints
from mmpose_ssn.claims.questions import planned_families
from mmpose_ssn.evaluation.scores import Cost, Scores, check_together, read_scores
from mmpose_ssn.evaluation.trained import Contrast, TrainedPredictors, difference
from mmpose_ssn.experiment.presets import Preset, load_preset
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import MEAN_POSE, shown_on


@dataclass(frozen=True)
class FullSizeCost:
    """What a full-size network of the paper costs, as ``complexity.csv`` has it.

    Attributes:
        whole: Cost of the network with all its predictors.
        deployed: Cost of the network with its final predictor alone.
        policy: The policy by which operations are counted.
    """

    whole: Cost
    deployed: Cost
    policy: str


@dataclass(frozen=True)
class Results:
    """The results of one preset.

    Attributes:
        preset: Name of the preset.
        folder: The folder that holds them.
        only: The trainings to show, by their folders under the preset's, such as ``ssn/seed0`` or ``mean-pose``; None
            for all that are there.
    """

    preset: str
    folder: Path = Path("results")
    only: Collection[str] | None = None

    @cached_property
    def settings(self) -> Preset:
        """The preset."""
        return load_preset(self.preset)

    def trainings(self, runs: Collection[str]) -> list[Path]:
        """The folders of the preset's trainings of some runs, ordered by run and seed."""
        found = []
        for run in runs:
            folders = [file for file in (self.folder / self.preset / run).glob("seed*") if file.name[4:].isdecimal()]
            folders.sort(key=lambda folder: int(folder.name[4:]))
            found += [one for one in folders if self.only is None or f"{run}/{one.name}" in self.only]
        return found

    def scores(self, page: str, apart_from: Collection[str] = ()) -> list[Scores]:
        """Read the scores of the runs that a page shows, as far as they are there, and check that they go together.

        Args:
            page: Name of the page, as the registry has it.
            apart_from: Settings of the protocol that may differ between them.

        Raises:
            RefusedInput: If a file does not fit its format, or is of another data set or protocol.
        """
        runs = shown_on(page)
        files = [folder / "scores.json" for folder in self.trainings(runs)]
        if MEAN_POSE in runs and (self.only is None or MEAN_POSE in self.only):
            files.append(self.folder / self.preset / MEAN_POSE / "scores.json")
        scores = [read_scores(file) for file in files if file.is_file()]
        check_together(self.preset, scores, runs, apart_from)
        if others := [one for one in scores if one.metric != self.settings.metric]:
            raise RefusedInput(
                f"{others[0].path}: $.metric: is {others[0].metric}, but the preset {self.preset} is scored by "
                f"{self.settings.metric}; evaluate it again"
            )
        return scores

    def trained(
        self, scores: Sequence[Scores], asked: Collection[Contrast] = (), secondary: bool = False
    ) -> TrainedPredictors:
        """The trainings behind scores, to be compared; spreads are those of Table 1's networks.

        What the preset names is decided where its decisive networks are there, and each of Table 1's that is there was
        trained with just the seeds that it names.
        Where it names nothing, the families are those of the paper's claims.

        Args:
            scores: The scores.
            asked: What a page compares beside the claims, a family of its own where the preset names nothing.
            secondary: Whether the preset's secondary figure is compared, and not the one that decides.

        Raises:
            ValueError: If the preset has no secondary figure, and that is asked for.
            RefusedInput: If a score of Table 1 does not fit its format, or is of another data set or protocol.
        """
        pool, settings = self.scores("table1"), self.settings
        together = {(one.run, one.seed): one for one in (*pool, *scores)}
        check_together(self.preset, [*together.values()], {run for run, _ in together}, apart_from=("decoder",))
        families: list[Collection[Contrast]] = [*planned_families(), asked]
        figure, named = settings.metric, settings.primary
        if secondary:
            if settings.secondary is None:
                raise ValueError(f"the preset {self.preset} has no secondary figure")
            figure, named = settings.secondary
        if named is not None:
            seeds: dict[str, set[int]] = defaultdict(set)
            for one in pool:  # what else a page shows does not change what is decided
                if one.seed is not None:
                    seeds[one.run].add(one.seed)
            complete = seeds.keys() >= set(settings.decisive)
            complete = complete and all(own == set(settings.deciding_seeds(run)) for run, own in seeds.items())
            families = [[difference(*pair) for pair in named]] if complete else []
        return TrainedPredictors(
            self.preset,
            scores,
            pool=pool,
            families=families,
            given={} if secondary else settings.given_spread,
            least_score=settings.least_score,
            decisive=settings.decisive,
            figure=figure,
        )

    def full_size_costs(self) -> dict[str, FullSizeCost]:
        """The costs in ``complexity.csv``, by network.

        Raises:
            RefusedInput: If the file does not fit its format, or lacks a network of the paper.
        """
        file = self.folder / "complexity.csv"
        counts = [f"{prefix}{name}" for prefix in ("", "deployed_") for name in ("params", "macs", "ops")]
        lines = {line["network"]: line for line in read_table(file, ["network", *counts, "policy"], "complexity")}
        if missing := [name for name in paper.table1() if name not in lines]:
            raise RefusedInput(f"{file}: column network lacks {', '.join(missing)}; count all networks")
        return {
            name: FullSizeCost(read_cost(line, file), read_cost(line, file, "deployed_"), line["policy"])
            for name, line in lines.items()
        }


def read_table(file: Path, columns: Sequence[str], command: str) -> list[dict[str, str]]:
    """The lines of a CSV file, every cell as the text that it holds.

    Args:
        file: The file.
        columns: Columns that it must have; it may have others.
        command: The command that writes it, for the message.

    Raises:
        RefusedInput: If the file is missing, is no table, or lacks a column.
    """
    again = f"run python -m mmpose_ssn {command}"
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    except OSError as error:
        raise RefusedInput(f"{file}: cannot be read ({error.strerror}); {again}") from error
    except ValueError as error:
        raise RefusedInput(f"{file}: {error}; {again} again") from error
    if missing := [name for name in columns if name not in table]:
        raise RefusedInput(f"{file}: lacks the columns {', '.join(missing)}; {again} again")
    lines: list[dict[str, str]] = table.to_dict("records")
    return lines


def read_cost(line: Mapping[str, str], file: Path, prefix: str = "") -> Cost:
    """The exact counts of a line of a CSV file.

    Args:
        line: The line.
        file: The file, for the message.
        prefix: What the names of its columns begin with.

    Raises:
        RefusedInput: If one is no whole number.
    """
    try:
        return Cost(*(int(line[f"{prefix}{name}"]) for name in ("params", "macs", "ops")))
    except ValueError as error:
        raise RefusedInput(f"{file}: {error}; run python -m mmpose_ssn complexity again") from error


def read_json(file: Path, schema: str) -> dict[str, Any]:
    """A JSON file that fits a schema of this package.

    Raises:
        RefusedInput: If the file is missing, not JSON, or does not fit ``<schema>.schema.yaml``.
    """
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RefusedInput(f"{file}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise RefusedInput(f"{file}: is not JSON: {error}") from error
    if found := complaints("mmpose_ssn.pages", schema, content):
        raise RefusedInput(f"{file}: {found} ($ is the whole file); mmpose_ssn/pages/{schema}.schema.yaml describes it")
    return content
