"""The presets: how large the study is, from a smoke test in minutes to the paper's own size."""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from mmpose_ssn.evaluation.comparison import Spread
from mmpose_ssn.experiment.data_sets import DATA_SETS
from mmpose_ssn.networks import MEAN_POSE, configs_folder, networks, shown_on, spread_group


@dataclass(frozen=True)
class Preset:
    """A preset as ``configs/presets/<name>.yaml`` gives it; ``preset.schema.yaml`` describes every key."""

    name: str
    settings: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.settings[key]

    def get(self, key: str, default: Any = None) -> Any:
        """A setting, or ``default`` where the preset leaves it out."""
        return self.settings.get(key, default)

    @property
    def decisive(self) -> tuple[str, ...]:
        """Networks that void the whole experiment where one of them is below :attr:`least_score`."""
        return tuple(self.get("validity", {}).get("decisive", ()))

    @property
    def metric(self) -> str:
        """The figure that decides, ``AP`` or another, by which its data set is scored."""
        return DATA_SETS[self["data"]].metric

    @property
    def least_score(self) -> float:
        """Deciding figure in percent below which the preset compares nothing; 0 where it names no bound."""
        return float(self.get("validity", {}).get("least_score", 0.0))

    @property
    def primary(self) -> tuple[tuple[str, str], ...] | None:
        """The differences that the preset decides, all together: a network and the one that it is to be above; None
        where it names none.
        """
        named = self.get("primary")
        return None if named is None else tuple((first, second) for first, second in named["differences"])

    @property
    def secondary(self) -> tuple[str, tuple[tuple[str, str], ...]] | None:
        """Another figure, and the differences in it that the preset decides beside the primary ones, together; None
        where it names none.
        """
        named = self.get("secondary")
        if named is None:
            return None
        return named["figure"], tuple((first, second) for first, second in named["differences"])

    def seeds_of(self, run: str) -> tuple[int, ...]:
        """The seeds to train a run with, unless others are asked for."""
        return tuple(self.get("seeds_of", {}).get(run, self.get("seeds", [0])))

    def deciding_seeds(self, run: str) -> tuple[int, ...]:
        """The seeds of a run's trainings that decide; with any others every difference is descriptive."""
        return tuple(self.get("primary", {}).get("seeds", ())) or self.seeds_of(run)

    @property
    def given_spread(self) -> dict[str, Spread]:
        """The spread over trainings of each group of networks, for one whose networks were trained once."""
        return {group: Spread(**known) for group, known in self.get("given_spread", {}).items()}

    def width_divisor(self, network: str) -> int:
        """What a network's channels are divided by; a lite network, which is narrow as it is, may have its own."""
        scale = self.get("network") or {"width_divisor": 1}
        if networks()[network].family == "lite":
            return int(scale.get("lite_width_divisor", scale["width_divisor"]))
        return int(scale["width_divisor"])


def preset_names() -> list[str]:
    """Names of all presets."""
    return sorted(file.stem for file in (configs_folder() / "presets").glob("*.yaml"))


def load_preset(name: str) -> Preset:
    """Read and check a preset. A file is read once in a process, and its settings are given out as copies.

    Raises:
        ValueError: If there is no such preset (the message names those that there are), or its file does not fit the
            schema.
    """
    if name not in preset_names():
        raise ValueError(f"unknown preset {name!r}, expected one of: {', '.join(preset_names())}")
    return Preset(name, copy.deepcopy(_settings(configs_folder() / "presets" / f"{name}.yaml")))


def is_meaningless(name: str) -> bool:
    """Whether a preset says of itself that its numbers mean nothing; False for a preset that no longer exists."""
    return name in preset_names() and bool(load_preset(name).get("meaningless"))


@functools.cache
def _settings(file: Path) -> dict[str, Any]:
    settings: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    schema = yaml.safe_load(
        resources.files("mmpose_ssn.experiment").joinpath("preset.schema.yaml").read_text(encoding="utf-8")
    )
    errors = sorted(jsonschema.Draft202012Validator(schema).iter_errors(settings), key=lambda error: error.json_path)
    if errors:
        complaints = [f"{error.json_path}: {error.message}{_known_keys(error)}" for error in errors]
        raise ValueError(f"{file}: " + "; ".join(complaints))
    if settings["data"] == "drawn" and "drawn" not in settings:
        raise ValueError(f"{file}: data is 'drawn', so a 'drawn' section must say how much to draw")
    if strangers := [name for name in DATA_SETS if name in settings and name != settings["data"]]:
        raise ValueError(f"{file}: data is {settings['data']!r}, so a section {strangers[0]!r} says nothing; remove it")
    compared = [run for run in shown_on("table1") if run != MEAN_POSE]  # every page has their trainings
    trained = [run for one in networks().values() if one.config for run in one.runs]
    secondary = settings.get("secondary", {})
    figures = DATA_SETS[settings["data"]].figures
    for key, got, known in (
        (
            "primary.differences",
            [one for pair in settings.get("primary", {}).get("differences", []) for one in pair],
            compared,
        ),
        ("secondary.differences", [one for pair in secondary.get("differences", []) for one in pair], compared),
        ("secondary.figure", [secondary["figure"]] if secondary else [], figures),
        ("networks", settings.get("networks", []), trained),
        ("seeds_of", settings.get("seeds_of", {}), trained),
        ("validity.decisive", settings.get("validity", {}).get("decisive", []), compared),
        ("given_spread", settings.get("given_spread", {}), [*dict.fromkeys(map(spread_group, compared))]),
    ):
        if strangers := [one for one in got if one not in known]:
            raise ValueError(f"{file}: $.{key}: got {', '.join(strangers)}, expected of: {', '.join(known)}")
    return settings


def _known_keys(error: jsonschema.ValidationError) -> str:
    return (
        f" (known keys: {', '.join(error.schema['properties'])})" if error.validator == "additionalProperties" else ""
    )
