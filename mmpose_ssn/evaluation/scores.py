"""``scores.json``, what scoring found of one training: read, checked, and refused where it does not fit."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from mmpose_ssn.checked_yaml import complaints
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import run_name


@dataclass(frozen=True)
class Cost:
    """What a network costs for one image, counted exactly.

    Attributes:
        params: Number of trainable parameters.
        macs: Number of multiply-accumulates of its convolutions.
        ops: ``macs`` and every other arithmetic operation, under the counting policy.
    """

    params: int
    macs: int
    ops: int


@dataclass(frozen=True)
class NetworkCost:
    """What the network that was trained costs; a scaled preset makes it smaller than the paper's.

    Attributes:
        whole: Cost of the network with all its predictors.
        deployed: Cost of the network with its final predictor alone.
        up_to: Cost of the network cut off at each predictor, by the predictor's name.
    """

    whole: Cost
    deployed: Cost
    up_to: dict[str, Cost]


@dataclass(frozen=True)
class PredictorScore:
    """What one predictor reached.

    Attributes:
        score: The figure that decides, OKS AP or another (:attr:`Scores.metric`), as a fraction.
        interval: Its 95 % bootstrap interval over images, as fractions.
        figures: Every figure that was taken, by its name, as a fraction; NaN for one that there is not, such as that of
            a joint that no image shows.
    """

    score: float
    interval: tuple[float, float]
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """One ``scores.json``; ``scores.schema.yaml`` describes its fields.

    Attributes:
        path: Path of the file.
        network: Short id of the network, or ``mean-pose``.
        recipe: The recipe that it was trained by.
        preset: The preset that it was trained and scored under.
        metric: Name of the figure that decides, such as ``AP`` or ``PCK@0.2``.
        seed: Seed of the training; None for the mean pose.
        final: Name of the final predictor.
        predictors: What each predictor reached, by its name.
        images: Number of images that were scored.
        instances: Number of people annotated in them.
        resamples: Number of bootstrap resamples behind the intervals.
        annotations: The annotation file that the network was scored with.
        protocol: How it was tested.
        cost: Cost of the network that was trained; None for the mean pose.
        provenance: How the figures were made.
    """

    path: Path
    network: str
    recipe: str
    preset: str
    metric: str
    seed: int | None
    final: str
    predictors: dict[str, PredictorScore]
    images: int
    instances: int
    resamples: int
    annotations: Path
    protocol: dict[str, Any]
    cost: NetworkCost | None
    provenance: dict[str, Any]

    @property
    def run(self) -> str:
        """Name of the network under its recipe."""
        return run_name(self.network, self.recipe)

    @property
    def score(self) -> float:
        """The deciding figure of the final predictor, as a fraction."""
        return self.predictors[self.final].score

    @property
    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval over images of :attr:`score`."""
        return self.predictors[self.final].interval


_AS_THEY_ARE = (
    *("network", "recipe", "preset", "metric", "final"),
    *("images", "instances", "resamples", "protocol", "provenance"),
)


def read_scores(path: Path) -> Scores:
    """Read the scores of one trained network, or of the mean pose.

    Raises:
        RefusedInput: If the file is missing, not JSON, or does not fit ``scores.schema.yaml``.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise RefusedInput(f"{path}: cannot be read ({error.strerror}); evaluate that network first") from error
    except ValueError as error:
        raise RefusedInput(f"{path}: is not JSON: {error}") from error
    if found := complaints("mmpose_ssn.evaluation", "scores", content):
        raise RefusedInput(f"{path}: {found} ($ is the whole file); evaluate that network again")
    if content["final"] not in content["predictors"]:
        predictors = ", ".join(content["predictors"])
        raise RefusedInput(f"{path}: $.final: {content['final']!r} is none of the file's predictors ({predictors})")
    metric = content["metric"]
    return Scores(
        path=path,
        seed=content.get("seed"),
        annotations=Path(content["annotations"]),
        predictors={name: _predictor_score(figures, metric) for name, figures in content["predictors"].items()},
        cost=_network_cost(content["cost"]) if content.get("cost") else None,
        **{name: content[name] for name in _AS_THEY_ARE},
    )


def check_together(
    preset: str, scores: Sequence[Scores], runs: Collection[str], apart_from: Collection[str] = ()
) -> None:
    """Check that scores can be compared with each other, and shown in one column.

    Args:
        preset: The preset that all must be of.
        scores: The scores that are to stand together.
        runs: Names of the runs that may be among them; each pair of run and seed once.
        apart_from: Settings of the protocol that may differ between them.

    Raises:
        RefusedInput: If they are not all of one preset, metric, data set and protocol, as far as the mean pose has one.
    """
    seen: dict[tuple[str, int | None], Path] = {}
    first = next((one for one in scores if one.cost), scores[0] if scores else None)
    for one in scores:
        if one.preset != preset:
            raise RefusedInput(f"{one.path}: $.preset: is {one.preset!r}, but the page is for {preset!r}")
        if one.run not in runs:
            raise RefusedInput(f"{one.path}: $.network: {one.run!r} is none of {', '.join(runs)}")
        if other := seen.get((one.run, one.seed)):
            seed = "" if one.seed is None else f", seed {one.seed},"
            raise RefusedInput(f"{one.path}: $.seed: {one.run}{seed} is already given by {other}")
        seen[one.run, one.seed] = one.path
        assert first is not None  # there is one, so there is a first
        ours, protocol = (
            {name: value for name, value in each.protocol.items() if name not in apart_from} for each in (one, first)
        )
        if one.cost is None:
            protocol = {name: value for name, value in protocol.items() if name in ours}
        for key, got, expected in (
            ("metric", one.metric, first.metric),
            ("provenance.data", one.provenance["data"], first.provenance["data"]),
            ("provenance.data_digest", one.provenance["data_digest"], first.provenance["data_digest"]),
            ("protocol", ours, protocol),
        ):
            if got != expected:
                raise RefusedInput(
                    f"{one.path}: $.{key}: is {got!r}, but {expected!r} in {first.path}; "
                    "one column holds one data set and one protocol: evaluate them alike"
                )


def _predictor_score(content: Mapping[str, Any], metric: str) -> PredictorScore:
    low, high = content[f"{metric}_interval"]
    figures = {name: math.nan if one is None else one for name, one in content.items() if not isinstance(one, list)}
    return PredictorScore(content[metric], (low, high), figures)


def _network_cost(content: dict[str, Any]) -> NetworkCost:
    up_to = {name: Cost(**cost) for name, cost in content["up_to"].items()}
    return NetworkCost(Cost(**content["whole"]), Cost(**content["deployed"]), up_to)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
