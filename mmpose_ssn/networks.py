"""The registry of networks: what ``networks.yaml`` says of each, and where its config lies."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mmpose_ssn
from mmpose_ssn import paper
from mmpose_ssn.checked_yaml import load_checked

REFERENCE = "ssn"
"""The network that the time of all others is compared with."""

MEAN_POSE = "mean-pose"
"""Short id of the average training person, put into each box, which is no network but is scored like one."""

# The modules of models/predictors.py name their predictors themselves; here the names need no PyTorch.
EARLY_PREDICTORS = ("E1", "E2", "E3")
"""The early stage predictors of a deep network, on the backbone's stages from the first one on."""

PYRAMID_PREDICTORS = ("P1", "P2", "P3", "P4")
"""The predictors of a deep network on its pyramid, from the coarsest level to the finest."""

PREDICTORS = (*EARLY_PREDICTORS, *PYRAMID_PREDICTORS)
"""All predictors of a deep network, in the order of their depth."""

FINAL_PREDICTOR = PREDICTORS[-1]
"""The final predictor of a deep network."""

LITE_PREDICTOR = "P"
"""The one predictor of a lite network, which is its final predictor."""

NOT_IN_THE_PAPER = "not in the paper"
"""The place of a network that the paper does not print."""


@dataclass(frozen=True)
class Network:
    """A network of the registry; ``networks.schema.yaml`` describes each field.

    Attributes:
        id: Its short id.
        group: Where it comes from, such as ``"paper"`` or ``"baseline"``.
        title: Its name in tables.
        place: Where the paper prints it.
        pages: The pages that show it.
        family: ``"deep"`` or ``"lite"``, which presets scale by divisors of their own.
        config: Path of its full-size config under ``configs/``; None for the mean pose.
        against: Short id of the network of the paper that it is held against; None for the paper's own.
        package: The package that it needs beside the locked ones; None where it needs none.
        recipes: The recipes that it can be trained by.
        relative_cost: Time of one of its training steps on a CPU, in steps of the network that it is held against.
        random_offsets: Whether its offsets stay where each seed draws them.
        as_printed: Whether its attention is Eq. 6 as printed also under a preset that takes it times H*W.
    """

    id: str
    group: str
    title: str
    place: str
    pages: tuple[str, ...]
    family: str = "deep"
    config: str | None = None
    against: str | None = None
    package: str | None = None
    recipes: tuple[str, ...] = ("common",)
    relative_cost: float = 1.0
    random_offsets: bool = False
    as_printed: bool = False

    @property
    def runs(self) -> tuple[str, ...]:
        """Names of the network's runs, one under each of its recipes (:func:`run_name`)."""
        return tuple(run_name(self.id, recipe) for recipe in self.recipes)

    @property
    def can_be_built(self) -> bool:
        """Whether the package that it needs is installed."""
        return self.package is None or importlib.util.find_spec(self.package) is not None


@cache
def networks() -> dict[str, Network]:
    """The registry, by short id, in the order in which pages show the networks.

    Raises:
        jsonschema.ValidationError: If ``networks.yaml`` does not fit its schema; the error names the field.
    """
    printed = paper.table1()
    found = {}
    for name, fields in load_checked("mmpose_ssn", "networks").items():
        fields = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
        if fields["group"] == "paper":
            fields |= {"title": printed[name].method, "place": printed[name].place}
        found[name] = Network(id=name, **{"place": NOT_IN_THE_PAPER, **fields})
    for one in found.values():
        if one.against is not None and one.against not in printed:
            raise ValueError(f"networks.yaml: {one.id}: against is {one.against!r}, expected a network of the paper")
    return found


def network(name: str) -> Network:
    """A network by its short id.

    Raises:
        ValueError: If there is none of that id; the message names those that there are.
    """
    if name not in networks():
        raise ValueError(f"unknown network {name!r}, expected one of: {', '.join(networks())}")
    return networks()[name]


def of_groups(*groups: str) -> tuple[str, ...]:
    """Short ids of the networks of some groups."""
    return tuple(one.id for one in networks().values() if one.group in groups)


def shown_on(page: str) -> tuple[str, ...]:
    """Names of the runs that a page can show."""
    return tuple(run for one in networks().values() if page in one.pages for run in one.runs)


def run_name(network: str, recipe: str = "common") -> str:
    """The name of a network under a recipe: the network's id, and after a slash a recipe that is not the common one.

    It is also the folder of the run's trainings under ``results/<preset>/``.
    """
    return network if recipe == "common" else f"{network}/{recipe}"


def split_run(run: str) -> tuple[str, str]:
    """The network and the recipe of a run."""
    name, _, recipe = run.partition("/")
    return name, recipe or "common"


def spread_group(run: str) -> str:
    """Name of the group of networks that are taken to vary alike from training to training (docs/statistics.md).

    The deep networks are one and the lite ones another. Alone stand MMPose's, and each network whose offsets a seed
    draws for good.
    """
    one = network(split_run(run)[0])
    return run if one.random_offsets or one.group == "baseline" else one.family


def networks_of(runs: Iterable[str]) -> tuple[str, ...]:
    """Short ids of the networks of some runs, each once."""
    return tuple(dict.fromkeys(split_run(run)[0] for run in runs))


def configs_folder() -> Path:
    """The folder of the MMPose configs: the installed wheel's own, or the checkout's.

    Raises:
        FileNotFoundError: If the package has neither.
    """
    package = Path(mmpose_ssn.__file__).parent
    for folder in (package / ".mim" / "configs", package.parent / "configs"):
        if (folder / "ssn").is_dir():
            return folder
    raise FileNotFoundError(
        f"no configs beside {package}: expected .mim/configs in it (a wheel) or configs/ next to it (a checkout)"
    )


def config_file(name: str) -> Path:
    """Path of a network's full-size config.

    Raises:
        ValueError: If there is no such network, or it has no config, as the mean pose has none.
    """
    config = network(name).config
    if config is None:
        raise ValueError(f"{name} is no network and has no config")
    return configs_folder() / config
