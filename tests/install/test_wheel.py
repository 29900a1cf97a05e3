"""The wheel carries the package, its data, the configs and model index where MIM looks for them, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_package_is_whole(site: Path, repository: Path) -> None:
    shipped = {name: data for name, data in tree(site / "mmpose_ssn").items() if not name.startswith(".mim/")}
    assert shipped == tree(repository / "mmpose_ssn")
    assert "py.typed" in shipped
    assert "paper/table1.yaml" in shipped


def test_configs_and_model_index_lie_where_mim_looks(site: Path, repository: Path) -> None:
    mim = site / "mmpose_ssn" / ".mim"
    assert sorted(path.name for path in mim.iterdir()) == ["configs", "model-index.yml"]
    assert tree(mim / "configs") == tree(repository / "configs")
    assert (mim / "model-index.yml").read_bytes() == (repository / "model-index.yml").read_bytes()


def test_nothing_but_the_package_is_installed(site: Path) -> None:
    info = next(site.glob("*.dist-info"))
    assert sorted(path.name for path in site.iterdir()) == sorted(["mmpose_ssn", info.name])
    assert "License-Expression: Apache-2.0" in (info / "METADATA").read_text()
    assert (info / "licenses" / "LICENSE").is_file()
    assert "mmpose-ssn = mmpose_ssn.__main__:main" in (info / "entry_points.txt").read_text()


def test_mim_finds_the_installed_package(site: Path, tmp_path: Path) -> None:
    """MIM's own look-up, from a directory that is not the repository, in an interpreter that sees the wheel first."""
    script = (
        "from mim.utils import get_installed_path, is_installed, module_full_name\n"
        "from mim.commands.search import load_metadata_from_local\n"
        "assert module_full_name('mmpose_ssn') == 'mmpose_ssn' and is_installed('mmpose_ssn')\n"
        "print(get_installed_path('mmpose_ssn'))\n"
        "print(*[model.config for model in load_metadata_from_local('mmpose_ssn').models or []], sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    path, *configs = done.stdout.split()
    assert Path(path) == site / "mmpose_ssn"
    assert configs, "model-index.yml lists no model"
    for config in configs:
        assert (site / "mmpose_ssn" / ".mim" / config).is_file(), config
