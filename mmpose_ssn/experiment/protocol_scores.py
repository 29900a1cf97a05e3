"""One checkpoint under several testing protocols: one pass over each set of boxes, scored in every way."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

from mmpose_ssn.evaluation.bootstrap import bootstrap_interval
from mmpose_ssn.evaluation.metric import FINAL
from mmpose_ssn.evaluation.protocol import Protocol
from mmpose_ssn.experiment.data_sets import DATA_SETS, split_of
from mmpose_ssn.experiment.presets import load_preset
from mmpose_ssn.experiment.scoring import annotations_of, matched, run_test


@dataclass(frozen=True)
class ProtocolScore:
    """A checkpoint's AP under one protocol.

    Attributes:
        name: Name of the protocol.
        protocol: The protocol.
        ap: AP of each predictor, as a fraction, shallow to deep.
        final: The predictor that the protocol takes.
        interval: 95 % bootstrap interval over images of that predictor's AP, as fractions.
        forward_pass: Number of the pass over the data that it came from, from 1.
    """

    name: str
    protocol: Protocol
    ap: dict[str, float]
    final: str
    interval: tuple[float, float]
    forward_pass: int

    def records(self) -> list[dict[str, Any]]:
        """One line of a table for each predictor; AP in percent, the interval at the final predictor."""
        lines = []
        for predictor, ap in self.ap.items():
            low, high = (100 * end for end in self.interval) if predictor == self.final else (None, None)
            settings: dict[str, Any] = self.protocol.described() | {"predictor": predictor}
            found = {"ap": 100 * ap, "ap_low": low, "ap_high": high, "forward_pass": self.forward_pass}
            lines.append({"name": self.name} | settings | found)
        return lines


def read_protocols(file: Path, preset: str) -> dict[str, Protocol]:
    """The protocols by name, from a YAML file that says what each changes of a preset's own protocol.

    Raises:
        ValueError: If the file is not of that form, or a protocol is not possible.
    """
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not all(isinstance(changes, dict) for changes in content.values()):
        raise ValueError(f"{file}: expected protocols by name, each with the settings that it changes ({{}} for none)")
    own = load_preset(preset)["protocol"]
    protocols = {}
    for name, changes in content.items():
        try:
            protocols[str(name)] = Protocol.from_settings({**own, **changes})
        except (TypeError, ValueError) as error:
            raise ValueError(f"{file}: {name}: {error}") from error
    return protocols


def score_protocols(
    config: Config, weights: Path, protocols: Mapping[str, Protocol], folder: Path
) -> list[ProtocolScore]:
    """Score a checkpoint under each protocol.

    Heatmaps are read in every way that the protocols ask for in the same pass; other boxes need another pass. A head of
    MMPose's own can be read in one way only in each pass.

    Args:
        config: Resolved config of the network.
        weights: Path of the checkpoint.
        protocols: The protocols by name; a name has letters, digits and hyphens.
        folder: Folder for the detections, where each pass gets a folder of its own.

    Returns:
        The scores, in the order of ``protocols``.
    """
    experiment, annotations = config.experiment, annotations_of(config)
    detections = DATA_SETS[experiment.data].detections_file(config.data_root, split_of(annotations.file))
    scores = {}
    for number, names in enumerate(_passes(config, protocols), 1):
        predictions = folder / f"pass{number}"
        predictions.mkdir(parents=True, exist_ok=True)
        one = prepared(config, {name: protocols[name] for name in names}, detections)
        figures, predictors = run_test(one, weights, predictions)
        for name in names:
            protocol = protocols[name]
            final = predictors[-1] if protocol.predictor == FINAL else protocol.predictor
            if final not in predictors:
                raise ValueError(f"{name}: there is no predictor {final!r}, only {', '.join(predictors)}")
            found = predictions / f"predictor.{name}.{final}.keypoints.json"
            matches = matched(annotations, found, figures[f"{name}/{final}/AP"])
            scores[name] = ProtocolScore(
                name=name,
                protocol=protocol,
                ap={predictor: float(figures[f"{name}/{predictor}/AP"]) for predictor in predictors},
                final=final,
                interval=bootstrap_interval(matches, "AP", resamples=experiment.evaluation.resamples),
                forward_pass=number,
            )
    return [scores[name] for name in protocols]


def prepared(config: Config, protocols: Mapping[str, Protocol], detections: str | None) -> Config:
    """A config that tests by several protocols in one pass; the protocols share their boxes."""
    config = copy.deepcopy(config)
    codec = config.model.head.decoder
    next(iter(protocols.values())).apply(config, detections)
    config.model.head.decoder = codec
    readings = {_reading(protocol): protocol for protocol in protocols.values()}
    config.model.test_cfg.flip_test = any(protocol.flip_test for protocol in protocols.values())
    if _reads_many(config):
        config.model.test_cfg.readings = {
            name: {"flip_test": protocol.flip_test, "decoder": protocol.codec(codec).to_dict()}
            for name, protocol in readings.items()
        }
    else:
        (protocol,) = readings.values()
        config.model.head.decoder = protocol.codec(codec)
    config.test_evaluator.protocols = {
        name: {"reading": _reading(protocol) if _reads_many(config) else "", **protocol.scoring()}
        for name, protocol in protocols.items()
    }
    return config


def _passes(config: Config, protocols: Mapping[str, Protocol]) -> list[list[str]]:
    """Names of the protocols that can share a pass."""
    groups: dict[Any, list[str]] = {}
    for name, protocol in protocols.items():
        own = None if _reads_many(config) else _reading(protocol)
        groups.setdefault((protocol.boxes, own), []).append(name)
    return list(groups.values())


def _reads_many(config: Config) -> bool:
    return bool(config.model.head.type == "StagePredictorsHead")


def _reading(protocol: Protocol) -> str:
    return f"{protocol.decoder}{', flip test' if protocol.flip_test else ''}"
