"""How two resolved configs are compared, setting by setting; and a few photos of Leeds to train on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image
from scipy.io import savemat

from mmpose_ssn.__main__ import main
from mmpose_ssn.datasets.leeds import annotations, archives


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        items = enumerate(value)
    else:
        return {path: list(value) if isinstance(value, tuple) else value}
    return {key: leaf for name, item in items for key, leaf in _leaves(item, f"{path}.{name}".lstrip(".")).items()}


@pytest.fixture(scope="session")
def leaves() -> Callable[[Config], dict[str, Any]]:
    """The settings of a config as path -> value; a list without dicts is one value."""
    return lambda config: _leaves(config.to_dict())


@pytest.fixture(scope="session")
def differing() -> Callable[[Config, Config], set[str]]:
    """Paths of the settings in which two configs differ."""

    def compare(one: Config, other: Config) -> set[str]:
        a, b = _leaves(one.to_dict()), _leaves(other.to_dict())
        return {key for key in a.keys() | b.keys() if a.get(key, "absent") != b.get(key, "absent")}

    return compare


@pytest.fixture(scope="session")
def few_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root of five photos of each split: of the real ones where SSN_LEEDS names them, else of noise."""
    folder, real = tmp_path_factory.mktemp("leeds"), os.environ.get("SSN_LEEDS")
    root, few = str(folder / "all"), folder / "few"
    with pytest.MonkeyPatch.context() as patch:
        if not real:
            real = str(folder / "noise")
            _write_noise(Path(real), patch)
        assert main(["leeds", "--root", root, "--download", "--have", real]) == 0
        assert main(["leeds", "--root", root, "--few", str(few), "--limit", "5"]) == 0
    return few


def _write_noise(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Photos of noise in both published layouts, eight in either set, with joints anywhere in them."""
    random, size = np.random.default_rng(0), (90, 120)
    patch.setattr(annotations, "FIRST_OF_TEST", 4)
    patch.setattr(annotations, "tune_photos", lambda: set(range(1, 6)))
    for name, part in archives.PARTS.items():
        patch.setitem(archives.PARTS, name, replace(part, photos=8, addresses=()))
        if name == archives.LSP_ORIGINAL:
            continue
        (folder / name / "images").mkdir(parents=True)
        for number in range(1, 9):
            digits = 5 if name == archives.LSPET else 4
            photo = Image.fromarray(random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))
            photo.save(folder / name / "images" / f"im{number:0{digits}d}.jpg")
        joints = np.concatenate([random.uniform(5, 85, (8, 14, 2)), np.ones((8, 14, 1))], axis=-1)
        axes = (1, 2, 0) if name == archives.LSPET else (2, 1, 0)
        savemat(folder / name / "joints.mat", {"joints": joints.transpose(axes)})
