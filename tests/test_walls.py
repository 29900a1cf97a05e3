"""Imports point one way, no module stands in a circle, and what reads files alone needs no network library."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "mmpose_ssn"


def module_name(file: Path) -> str:
    name = ".".join(file.relative_to(REPOSITORY).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {module_name(file): file for file in PACKAGE.rglob("*.py")}


def imported(file: Path) -> set[str]:
    """The package's modules that a module imports, inside of functions too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}: name the module in full, as all others do"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            known = [part for part in (name, name.rpartition(".")[0]) if part in MODULES]
            found |= {known[0]} if known and known[0] != "mmpose_ssn" else set()
    return found


IMPORTS = {name: imported(file) - {name} for name, file in MODULES.items()}


def room(module: str) -> str:
    """The package or module directly below ``mmpose_ssn``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def stated_layers() -> list[list[str]]:
    """The layers that CONTRIBUTING names, the highest first."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"## Walls\n.*?```\n(.*?)```", text, re.DOTALL)
    assert block, "CONTRIBUTING.md has no drawing under its heading Walls"
    return [re.findall(r"\w+", line.split("#")[0]) for line in block[1].splitlines() if line.strip()]


def test_every_room_is_in_the_drawing_once() -> None:
    stated = Counter(name for layer in stated_layers() for name in layer)
    assert set(stated.values()) == {1}
    assert set(stated) == {room(name) for name in MODULES} - {"mmpose_ssn"}


def test_no_import_points_upwards_or_sideways() -> None:
    height = {name: number for number, layer in enumerate(reversed(stated_layers())) for name in layer}
    wrong = [
        f"{name} imports {other}"
        for name, others in IMPORTS.items()
        for other in others
        if name != "mmpose_ssn" and room(name) != room(other) and height[room(name)] <= height[room(other)]
    ]
    assert not wrong


def test_no_circles() -> None:
    packages = {name for name, file in MODULES.items() if file.name == "__init__.py"}
    graph = {name: others - packages for name, others in IMPORTS.items() if name not in packages}
    list(TopologicalSorter(graph).static_order())  # raises CycleError


def test_no_file_name_and_no_class_name_twice() -> None:
    files = Counter(file.name for file in MODULES.values() if file.name not in ("__init__.py",))
    assert not [name for name, count in files.items() if count > 1]
    classes = defaultdict(list)
    for name, file in MODULES.items():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                classes[node.name].append(name)
    assert not {name: where for name, where in classes.items() if len(where) > 1}


@pytest.mark.parametrize("modules", ["pages", "paper", "evaluation.comparison", "networks"])
def test_what_reads_files_alone_needs_no_network(modules: str) -> None:
    chosen = [name for name in MODULES if re.match(rf"mmpose_ssn\.{modules}\b", name)]
    code = f"import sys, {', '.join(chosen)}; sys.exit(' '.join({{'torch', 'mmengine'}} & sys.modules.keys()) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, f"{modules} import {done.stderr}"


def test_torch_modules_need_pytorch_alone() -> None:
    other = {"mmengine", "mmcv", "mmpose", "mmdet", "pandas", "yaml", "jsonschema", "scipy"}
    for name, file in MODULES.items():
        if room(name) in ("ops", "models"):
            text = file.read_text(encoding="utf-8")
            assert not other & set(re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE)), name
