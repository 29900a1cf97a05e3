"""The offsets of a trained SSN, module by module: at the end, and where they stood at the start and at half of the
training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from mmengine.config import Config
from tqdm import tqdm

from mmpose_ssn.experiment.provenance import file_digest
from mmpose_ssn.files import RefusedInput

_MODULE = re.compile(r"backbone\.fsms\.layer(\d+)_(\d+)")  # as mmpose_ssn.models.SSN names them


class Site(NamedTuple):
    """Where a module of SSN stands; sites sort from shallow to deep.

    Attributes:
        stage: Stage of the block that follows the module, from 1.
        block: Number of that block in its stage, from 0.
    """

    stage: int
    block: int

    @property
    def after_stride(self) -> bool:
        """Whether it stands right after a strided block, the first of every stage but the first."""
        return self.stage > 1 and self.block == 1

    def map_size(self, input_size: tuple[int, int]) -> tuple[int, int]:
        """Width and height of its map in pixels, from those of the crop; before a strided block it is the former
        stage's map.
        """
        stride = 4 * 2 ** (self.stage - (2 if self.stage > 1 and self.block == 0 else 1))
        width, height = (-(-side // stride) for side in input_size)
        return width, height


Offsets = Mapping[Site, npt.NDArray[np.float64]]
"""The offsets [K, 2], (dx, dy) in pixels of the module's map, of every module from shallow to deep."""


@dataclass(frozen=True, eq=False)
class TrainedOffsets:
    """The offsets of one training.

    Attributes:
        network: Short id of the network.
        seed: Seed of the training.
        input_size: Width and height of the crops in pixels.
        weights: Digest of the weights file.
        end: The offsets of the trained network.
        half: The offsets at half of the iterations; None where no snapshot of then is left.
        start: The offsets before the first iteration; None where no snapshot of then is left.
    """

    network: str
    seed: int
    input_size: tuple[int, int]
    weights: str
    end: Offsets
    half: Offsets | None = None
    start: Offsets | None = None


def read_trainings(folders: Iterable[Path], preset: str, networks: Collection[str]) -> list[TrainedOffsets]:
    """Read the trainings of some networks, and pass over those of others.

    Args:
        folders: Folder ``<network>/seed<k>`` of each training.
        preset: Preset that all must be of.
        networks: Short ids of the networks to read.

    Raises:
        RefusedInput: If a file is missing or does not fit the others, a training is of another preset or there twice,
            or a network has no modules of SSN.
    """
    read: dict[tuple[str, int], Path] = {}
    trainings = []
    for folder in tqdm(folders, desc="read", unit="training", delay=5, leave=False):
        file = folder / "config.py"
        if not file.is_file():
            raise RefusedInput(f"{file}: is not there; expected the folder of a training, <network>/seed<k>")
        config = Config.fromfile(file, import_custom_modules=False)
        experiment = config.experiment
        if experiment.preset != preset:
            raise RefusedInput(f"{file}: is of the preset {experiment.preset!r}, expected {preset!r} for all")
        if experiment.network not in networks:
            continue
        if other := read.get((experiment.network, experiment.seed)):
            raise RefusedInput(f"{folder}: {experiment.network}, seed {experiment.seed}, is already given by {other}")
        read[experiment.network, experiment.seed] = folder
        trainings.append(_read(folder, experiment.network, experiment.seed, tuple(config.codec.input_size)))
    return trainings


def _read(folder: Path, network: str, seed: int, input_size: tuple[int, int]) -> TrainedOffsets:
    weights = folder / "weights.pth"
    try:
        record = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
        digest = file_digest(weights)
    except OSError as error:
        raise RefusedInput(f"{error.filename}: cannot be read ({error.strerror}); train {network} first") from error
    if digest != record["checkpoint_digest"]:
        raise RefusedInput(f"{weights}: is not the file that weights.json beside it tells of; train {network} again")
    state: dict[str, Any] = torch.load(weights, map_location="cpu", weights_only=True)["state_dict"]
    named = {key.removesuffix(".offsets"): value for key, value in state.items() if key.endswith(".offsets")}
    last = {name: value.numpy() for name, value in named.items()}
    end = _by_site(last)
    if not end:
        raise RefusedInput(f"{weights}: has no offsets of SSN's modules, expected a network with some")
    start, half = (None if one is None else _by_site(one) for one in snapshots(folder, last, record["iterations"]))
    return TrainedOffsets(network, seed, input_size, digest, end, half, start)


def snapshots(
    folder: Path, end: Mapping[str, npt.NDArray[Any]], iterations: int | None
) -> tuple[dict[str, npt.NDArray[Any]] | None, dict[str, npt.NDArray[Any]] | None]:
    """The offsets at the start and at half of a training, by the module's name; None where no snapshot of then is left.

    Args:
        folder: Folder of the training, which may hold the snapshots of other trainings too.
        end: Offsets [K, 2] that the training ended at, by the module's name, by which its snapshots are known.
        iterations: Iterations of the training; None where nobody knows.
    """
    if iterations is not None and end:
        for last in sorted(folder.glob(f"training/*/offsets/iter_{iterations}.npz")):
            if _same(_snapshot(last), end):
                start, half = (_snapshot(last.with_name(f"iter_{n}.npz")) for n in (0, iterations // 2))
                return start, half
    return None, None


def _snapshot(file: Path) -> dict[str, npt.NDArray[Any]] | None:
    """The offsets that :class:`mmpose_ssn.engine.offset_group.OffsetRecordHook` wrote; None where it wrote none."""
    if not file.is_file():
        return None
    with np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)


def _same(one: Mapping[str, npt.NDArray[Any]] | None, end: Mapping[str, npt.NDArray[Any]]) -> bool:
    return one is not None and one.keys() == end.keys() and all(np.array_equal(one[name], end[name]) for name in end)


def site_of(module: str) -> Site | None:
    """Where a module of SSN stands, by its name in the estimator; None of a module of another network."""
    match = _MODULE.fullmatch(module)
    return Site(int(match[1]), int(match[2])) if match else None


def _by_site(named: Mapping[str, npt.NDArray[Any]]) -> Offsets:
    found = {match: offsets for name, offsets in named.items() if (match := _MODULE.fullmatch(name))}
    sites = {Site(int(match[1]), int(match[2])): offsets.astype(np.float64) for match, offsets in found.items()}
    return dict(sorted(sites.items()))
