"""A number's origin is never claimed wrongly: the commit is this package's own or none, and a digest is of bytes."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

import mmpose_ssn
from mmpose_ssn.experiment import provenance

VERSION = f"mmpose-ssn {mmpose_ssn.__version__}"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def package_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that runs from ``folder``."""
    module = folder / "mmpose_ssn" / "__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text("one = 1\n")
    monkeypatch.setattr(mmpose_ssn, "__file__", str(module))
    return module


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one commit."""
    git(tmp_path, "init", "--quiet")
    package_in(tmp_path, monkeypatch)
    (tmp_path / "README.md").write_text("read me\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_clean_checkout_gives_its_commit(checkout: Path) -> None:
    assert provenance.commit() == git(checkout, "rev-parse", "HEAD")[:12]


def test_changed_package_is_said(checkout: Path) -> None:
    (checkout / "mmpose_ssn" / "__init__.py").write_text("one = 2\n")
    assert provenance.commit() == git(checkout, "rev-parse", "HEAD")[:12] + "+changes"


def test_changed_text_around_the_package_is_not(checkout: Path) -> None:
    (checkout / "README.md").write_text("read me again\n")
    assert provenance.commit() == git(checkout, "rev-parse", "HEAD")[:12]


def test_installed_package_gives_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package_in(tmp_path / "site-packages", monkeypatch)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit() == VERSION


def test_machine_without_git_gives_the_version(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert provenance.commit() == VERSION


def test_environment_inside_another_repository_does_not_give_that_ones_commit(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".git" / "info" / "exclude").write_text(".venv\n")
    package_in(checkout / ".venv" / "site-packages", monkeypatch)
    assert provenance.commit() == VERSION


def test_file_digest_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    expected = hashlib.sha256(b"abc").hexdigest()
    assert provenance.file_digest(tmp_path / "file") == f"sha256:{expected}"
