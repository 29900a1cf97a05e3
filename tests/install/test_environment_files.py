"""pyproject.toml, requirements.lock, environment.yml, CITATION.cff and the README agree."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from mmpose_ssn.checkup import PACKAGES

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = "3.11"
LINUX = {"python_full_version": f"{PYTHON}.9", "sys_platform": "linux", "platform_machine": "x86_64"}


@pytest.fixture(scope="module")
def pyproject() -> dict:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def lock_text() -> str:
    return (REPOSITORY / "requirements.lock").read_text()


@pytest.fixture(scope="module")
def locked(lock_text: str) -> dict[str, Version]:
    """The versions that the lock pins for Linux and Python 3.11, by normalised name."""
    versions = {}
    for entry in entries(lock_text):
        requirement = Requirement(entry.split("\\")[0])
        if requirement.marker is None or requirement.marker.evaluate(LINUX):
            (pin,) = requirement.specifier
            assert pin.operator == "==", f"{requirement} is not pinned"
            versions[canonicalize_name(requirement.name)] = Version(pin.version)
    return versions


def entries(lock_text: str) -> list[str]:
    """One string per locked package, hashes included."""
    return re.split(r"\n(?=\S)", lock_text.strip())


def requirements(pyproject: dict, *extras: str) -> list[Requirement]:
    declared = list(pyproject["project"]["dependencies"])
    for extra in extras:
        declared += pyproject["project"]["optional-dependencies"][extra]
    return [Requirement(line) for line in declared]


def test_lock_satisfies_every_declared_dependency(pyproject: dict, locked: dict[str, Version]) -> None:
    extras = pyproject["project"]["optional-dependencies"]
    to_build = [Requirement(line) for line in pyproject["build-system"]["requires"]]
    for requirement in [*requirements(pyproject, *extras), *to_build]:
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement} is declared but not locked: ./run --lock"
        assert requirement.specifier.contains(version), f"{requirement} is declared, {version} locked"
    for line in pyproject["tool"]["uv"]["constraint-dependencies"]:
        constraint = Requirement(line)
        assert constraint.specifier.contains(locked[canonicalize_name(constraint.name)])


def test_modules_need_pytorch_and_numpy_and_the_harness_has_the_other_extras(pyproject: dict) -> None:
    assert [requirement.name for requirement in requirements(pyproject)] == ["torch", "numpy"]
    extras = pyproject["project"]["optional-dependencies"]
    assert {*extras["fast"], *extras["mmpose"]} <= set(extras["harness"])


def test_every_locked_package_has_sha256_hashes_and_no_address(lock_text: str) -> None:
    for entry in entries(lock_text):
        first, *hashes = [line.strip().rstrip("\\").strip() for line in entry.splitlines()]
        assert re.match(r"[a-z0-9][a-z0-9.-]*==[^ ]+( ; |$)", first), f"not a pinned package: {first}"
        assert hashes, f"no hash: {first}"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), first
    for trace in ("://", "--index", "--extra-index", "--find-links", " @ "):
        assert trace not in lock_text


def test_lock_leaves_out_what_does_not_build(locked: dict[str, Version]) -> None:
    assert not {"chumpy", "opencv-python", "mmcv"} & set(locked)


def test_conda_environment_is_the_lock() -> None:
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    assert set(environment) == {"name", "channels", "dependencies"}
    assert isinstance(environment["name"], str)
    assert all(isinstance(channel, str) and "/" not in channel for channel in environment["channels"])
    *packages, pip = environment["dependencies"]
    assert packages == [f"python={PYTHON}", "pip"]
    assert pip == {"pip": ["-r requirements.lock"]}


def test_python_is_the_same_everywhere(pyproject: dict) -> None:
    project, tool = pyproject["project"], pyproject["tool"]
    assert SpecifierSet(project["requires-python"]).contains(PYTHON)
    assert f"Programming Language :: Python :: {PYTHON}" in project["classifiers"]
    assert tool["mypy"]["python_version"] == PYTHON
    (environment,) = tool["uv"]["environments"]
    assert Marker(environment).evaluate(LINUX)
    assert not Marker(environment).evaluate({**LINUX, "python_full_version": "3.12.0"})
    assert f"--python {PYTHON} " in (REPOSITORY / "run").read_text()


def test_doctor_looks_at_what_the_harness_declares(pyproject: dict) -> None:
    declared = {canonicalize_name(requirement.name) for requirement in requirements(pyproject, "harness")}
    looked_at = {name for distributions in PACKAGES.values() for name in distributions}
    # The shift does without Numba, more slowly: its back ends are a line of their own.
    assert declared - {"numba"} <= looked_at


def test_citation_is_of_this_version(pyproject: dict) -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert citation["version"] == pyproject["project"]["version"]
    assert citation["license"] == pyproject["project"]["license"]
    assert citation["references"][0]["url"] == pyproject["project"]["urls"]["Paper"]


@pytest.mark.parametrize("command", ["./run snakemake --cores all results/table1.md", "./run pytest"])
def test_readme_opens_with_the_two_commands(command: str) -> None:
    first_screen = (REPOSITORY / "README.md").read_text().splitlines()[:60]
    assert any(line.strip().startswith(command) for line in first_screen)
