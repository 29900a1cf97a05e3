"""The files that a table is made from: read, checked, and refused by name and field where they do not fit."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
import pandas as pd
import yaml


class RefusedInput(ValueError):
    """A file that a table cannot be made from; the message names the file, the field and what was expected."""


@dataclass(frozen=True)
class Cost:
    """What a network costs for one image, counted exactly.

    Attributes:
        params: trainable parameters.
        macs: multiply-accumulates of its convolutions.
        ops: ``macs`` plus every other arithmetic operation, under the policy that the table names.
    """

    params: int
    macs: int
    ops: int


@dataclass(frozen=True)
class FullSizeCost:
    """A variant's row of ``complexity.csv``: the full-size network, whole and as deployed (final predictor only)."""

    whole: Cost
    deployed: Cost
    policy: str


@dataclass(frozen=True)
class Scores:
    """One ``scores.json``: a trained network's final predictor, or the mean pose, and how its AP was made.

    Attributes:
        path: the file.
        predictors: OKS AP of each predictor as a fraction.
        ap: that of the final one.
        interval: 95 % bootstrap interval of ``ap`` over images.
        seed: of the training; None for the mean pose.
        network: cost of the network that was trained; None for the mean pose.

    The other attributes are the file's fields (``scores.schema.yaml`` describes them).
    """

    path: Path
    variant: str
    preset: str
    seed: int | None
    final: str
    predictors: dict[str, float]
    ap: float
    interval: tuple[float, float]
    images: int
    instances: int
    resamples: int
    protocol: dict[str, Any]
    network: Cost | None
    provenance: dict[str, Any]


_SHARED_FIELDS = ("variant", "preset", "final", "images", "instances", "resamples", "protocol", "provenance")
"""Fields of ``scores.json`` that :class:`Scores` takes as they are."""


def read_scores(path: Path) -> Scores:
    """Read the scores of one trained network, or of the mean pose.

    Raises:
        RefusedInput: if the file is missing, not JSON, or does not fit ``scores.schema.yaml``.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise RefusedInput(f"{path}: cannot be read ({error.strerror}); evaluate that variant first") from error
    except ValueError as error:
        raise RefusedInput(f"{path}: is not JSON: {error}") from error
    errors = sorted(_scores_validator().iter_errors(content), key=lambda error: error.json_path)
    if errors:
        listed = "; ".join(f"{error.json_path}: {error.message}" for error in errors)
        raise RefusedInput(f"{path}: {listed} ($ is the whole file); evaluate that variant again")
    final = content["final"]
    if final not in content["predictors"]:
        predictors = ", ".join(content["predictors"])
        raise RefusedInput(f"{path}: $.final: {final!r} is none of the file's predictors ({predictors})")
    figures = content["predictors"][final]
    low, high = figures["AP_interval"]
    network = content.get("network")
    return Scores(
        path=path,
        predictors={name: found["AP"] for name, found in content["predictors"].items()},
        ap=figures["AP"],
        interval=(low, high),
        seed=content.get("seed"),
        network=network and Cost(**{name: network[name] for name in ("params", "macs", "ops")}),
        **{name: content[name] for name in _SHARED_FIELDS},
    )


def check_together(
    preset: str, scores: Sequence[Scores], variants: Collection[str], apart_from: Collection[str] = ()
) -> None:
    """See that scores can be compared with each other, and shown in one column.

    Args:
        preset: the preset that all must be of.
        scores: what is to stand together.
        variants: ids that they may have; each pair of id and seed once.
        apart_from: settings of the protocol that may differ between them.

    Raises:
        RefusedInput: if they are not all of one preset, data set and protocol, as far as the mean pose has one.
    """
    seen: dict[tuple[str, int | None], Path] = {}
    first = next((one for one in scores if one.network), scores[0] if scores else None)
    for one in scores:
        if one.preset != preset:
            raise RefusedInput(f"{one.path}: $.preset: is {one.preset!r}, but the table is for {preset!r}")
        if one.variant not in variants:
            raise RefusedInput(f"{one.path}: $.variant: {one.variant!r} is none of {', '.join(variants)}")
        if other := seen.get((one.variant, one.seed)):
            seed = "" if one.seed is None else f", seed {one.seed},"
            raise RefusedInput(f"{one.path}: $.seed: {one.variant}{seed} is already given by {other}")
        seen[one.variant, one.seed] = one.path
        assert first is not None  # there is one, so there is a first
        ours, protocol = (
            {name: value for name, value in each.protocol.items() if name not in apart_from} for each in (one, first)
        )
        if one.network is None:
            protocol = {name: value for name, value in protocol.items() if name in ours}
        for field, got, expected in (
            ("provenance.data", one.provenance["data"], first.provenance["data"]),
            ("provenance.data_digest", one.provenance["data_digest"], first.provenance["data_digest"]),
            ("protocol", ours, protocol),
        ):
            if got != expected:
                raise RefusedInput(
                    f"{one.path}: $.{field}: is {got!r}, but {expected!r} in {first.path}; "
                    "one column holds one data set and one protocol: evaluate them alike"
                )


def read_complexity(path: Path) -> dict[str, FullSizeCost]:
    """Read ``complexity.csv``, the cost of the full-size networks, keyed by variant.

    Raises:
        RefusedInput: if the file is missing, lacks a column, or holds something other than counts.
    """
    counts = [f"{prefix}{name}" for prefix in ("", "deployed_") for name in ("params", "macs", "ops")]
    try:
        table = pd.read_csv(path, usecols=["variant", *counts, "policy"], dtype=dict.fromkeys(counts, "int64"))
    except OSError as error:
        raise RefusedInput(f"{path}: cannot be read ({error.strerror}); run python -m mmpose_ssn complexity") from error
    except ValueError as error:
        raise RefusedInput(f"{path}: {error}; run python -m mmpose_ssn complexity again") from error
    return {
        row["variant"]: FullSizeCost(
            whole=Cost(row["params"], row["macs"], row["ops"]),
            deployed=Cost(row["deployed_params"], row["deployed_macs"], row["deployed_ops"]),
            policy=row["policy"],
        )
        for row in table.to_dict("records")
    }


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


@cache
def _scores_validator() -> jsonschema.Draft202012Validator:
    schema = resources.files("mmpose_ssn.report").joinpath("scores.schema.yaml").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(yaml.safe_load(schema))
