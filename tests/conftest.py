"""What several rooms of the tests share: the built wheel, a drawn data set small enough to train on in seconds, the
paper's text, and what its networks cost.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # a test of the wheel alone need not wait for it
    from mmengine.config import Config

    from mmpose_ssn.complexity.full_size import PapersComplexity

REPOSITORY = Path(__file__).resolve().parents[1]


# Few tests that take long: begun last, they would leave the other worker without work.
LONG = (
    "workflow/",
    "plugin/test_mim",
    "experiment/test_baselines",
    "coco/",
    "docs/",
    "test_networks",
    "benchmark/",
    "complexity/",
    "claims/test_counted",
)


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
    from mmpose_ssn.experiment.resolved_config import resolve, write

    def build(network: str = "lite-k256", seed: int = 0, **training: object) -> Config:
        smoke = load_preset("smoke")
        preset = replace(smoke, settings={**smoke.settings, "training": {**smoke["training"], **training}})
        file = tmp_path_factory.mktemp("config") / "config.py"
        write(resolve(preset, network, seed, drawn), file)
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


class PaperText:
    """The paper's main part and its supplement, their tables' cells between tabs and formulas as plain characters."""

    def __init__(self, text: str) -> None:
        plain = re.sub(r"\s*\\times\s*", "x", text).replace("$", "")
        self.main, self.supplement = plain.split("# Supplementary Materials", 1)

    def section(self, number: str) -> str:
        """Running text from a section's heading to the next section's, without tables; S for the supplement's."""
        text = self.supplement if number.startswith("S") else self.main
        start = re.search(rf"^#+ {re.escape(number.removeprefix('S'))}\. .*$", text, re.MULTILINE)
        assert start, f"the paper has no section {number}"
        rest = text[start.end() :]
        end = re.search(r"^#+ (\d+(\.\d+)?\. |References)", rest, re.MULTILINE)
        lines = rest[: end.start() if end else None].splitlines()
        return "\n".join(line for line in lines if "\t" not in line)

    def table(self, header: str, supplement: bool = False) -> list[list[str]]:
        """Cells of the rows below a header that begins so, up to the next empty line."""
        text = self.supplement if supplement else self.main
        body = text[text.index(f"\n{header}") :].lstrip("\n").split("\n\n")[0]
        return [line.split("\t") for line in body.splitlines()[1:]]


@pytest.fixture(scope="session")
def paper_text() -> PaperText:
    """The paper as extracted text, where somebody has it: SSN_PAPER names the file, or its folder."""
    named = os.environ.get("SSN_PAPER")
    if not named:
        pytest.skip("the paper's text is not here: SSN_PAPER may name its file or folder")
    texts = sorted(Path(named).glob("*.txt")) if Path(named).is_dir() else [Path(named)]
    assert texts, f"SSN_PAPER is {named}, a folder without a .txt file; expected the paper's text"
    return PaperText("\n".join(text.read_text(encoding="utf-8") for text in texts))


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str, object], None]]:
    """Has a YAML file of a package read as something else, for the length of a test:
    ``spoil("mmpose_ssn.paper", "table1", content)``.
    """
    from mmpose_ssn import checked_yaml

    load = checked_yaml._load

    def read_as(package: str, name: str, content: object) -> None:
        spoiled = (package, f"{name}.yaml")
        monkeypatch.setattr(checked_yaml, "_load", lambda *file: content if file == spoiled else load(*file))
        checked_yaml.load_checked.cache_clear()

    yield read_as
    checked_yaml.load_checked.cache_clear()


@pytest.fixture(scope="session")
def counted() -> dict[str, PapersComplexity]:
    """The counts of the paper's ten networks, by their ids."""
    from mmpose_ssn.complexity.full_size import count_papers_networks

    return {entry.paper.id: entry for entry in count_papers_networks()}
