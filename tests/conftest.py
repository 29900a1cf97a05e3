"""What several rooms of the tests share: the built wheel, and a drawn data set small enough to train on in seconds."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # a test of the wheel alone need not wait for it
    from mmengine.config import Config

REPOSITORY = Path(__file__).resolve().parents[1]


# Few tests that take long: begun last, they would leave the other worker without work.
LONG = ("workflow/", "plugin/test_mim", "experiment/test_baselines", "coco/", "docs/", "benchmark/", "complexity/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of :data:`LONG` first, in that order."""
    tests = REPOSITORY / "tests"

    def rank(item: pytest.Item) -> int:
        name = item.path.relative_to(tests).as_posix()
        return next((place for place, start in enumerate(LONG) if name.startswith(start)), len(LONG))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel; hatchling is in the lock, so nothing is downloaded."""
    dist = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(dist)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that holds the wheel's contents, as site-packages would; put it on PYTHONPATH to use it."""
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn set of the smoke preset's image size: 16 training, 1 tuning and 6 validation images."""
    from mmpose_ssn.datasets.drawn import DrawnSpec, write

    return write(DrawnSpec(16, 1, 6, (128, 96)), tmp_path_factory.mktemp("drawn") / "set", workers=1).parent


@pytest.fixture(scope="session")
def smoke_config(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Config]:
    """Resolve the smoke preset over the drawn set, with some settings of its training changed, and read it back from
    its file, as every command does.
    """
    from dataclasses import replace

    from mmengine.config import Config

    from mmpose_ssn.experiment.presets import load_preset
    from mmpose_ssn.experiment.resolve import resolve, write

    def build(variant: str = "lite-k256", seed: int = 0, **training: object) -> Config:
        smoke = load_preset("smoke")
        preset = replace(smoke, settings={**smoke.settings, "training": {**smoke["training"], **training}})
        file = tmp_path_factory.mktemp("config") / "config.py"
        write(resolve(preset, variant, seed, drawn), file)
        return Config.fromfile(file)

    return build


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Trainings are compared bit by bit, and sums over threads depend on how many there are."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
