"""The doctor's verdict: a missing or broken package fails the main job, missing COCO or GPU does not."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import mmpose_ssn
from mmpose_ssn import checkup
from mmpose_ssn.commands import doctor as command
from mmpose_ssn.experiment import provenance

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Call the command as the command line would, with an empty COCO root unless told otherwise."""

    def call(coco_root: Path = tmp_path / "coco") -> tuple[int, str]:
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        status = command.run(parser.parse_args(["--coco-root", str(coco_root)]))
        return status, capsys.readouterr().out

    return call


def level(findings: list[checkup.Diagnosis], topic: str) -> list[str]:
    return [finding.level for finding in findings if finding.topic == topic]


def test_this_environment_can_run_the_main_job_without_coco(report) -> None:
    status, text = report()
    assert status == 0, text
    assert checkup.MAIN_JOB in text
    assert "note  COCO" in text
    assert len(text.splitlines()) <= 40
    assert max(map(len, text.splitlines())) <= 100
    import torch

    assert f"torch {torch.__version__.split('+')[0]}" in text


@pytest.mark.parametrize("module", ["snakemake", "mmpose", "fvcore"])
def test_missing_package_fails_with_what_to_install(report, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # import raises ImportError
    monkeypatch.setattr(checkup, "_installed_version", lambda names: None if names[0] == module else names[0])
    status, text = report()
    assert status == 1
    assert f"{module} is not installed" in " ".join(text.split())
    assert f"pip install {module}" in " ".join(text.split())
    assert "cannot run" in text


def test_broken_package_fails_with_its_own_words(report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "fvcore.py").write_text("raise OSError('libsomething.so.1: cannot open\\nshared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "fvcore", raising=False)
    status, text = report()
    monkeypatch.delitem(sys.modules, "fvcore", raising=False)
    assert status == 1
    assert "does not import: OSError: libsomething.so.1" in " ".join(text.split())


def test_broken_shift_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmpose_ssn import ops

    monkeypatch.setattr(ops, "available_backends", lambda: {"torch": None, "fast": "no compiler"})
    usable, note = checkup._check_backends()
    assert (usable.level, note.level) == ("ok", "note")
    assert "no compiler" in note.text
    monkeypatch.setattr(ops, "available_backends", lambda: {"fast": "no compiler"})
    assert level(checkup._check_backends(), "shift") == ["FAIL"]


def only_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, modules: Iterable[str]) -> None:
    """Have the package be outside of a checkout, beside these modules of :data:`checkup.PACKAGES` alone."""
    names = {checkup.PACKAGES[module] for module in modules}
    monkeypatch.setattr(checkup, "_package_root", lambda: tmp_path)
    monkeypatch.setattr(checkup, "_installed_version", lambda wanted: wanted[0] if wanted in names else None)
    for module in checkup.PACKAGES.keys() - set(modules):
        monkeypatch.setitem(sys.modules, module, None)


def test_plugin_alone_is_well(report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert checkup._check_workflow().level == "ok"
    only_installed(monkeypatch, tmp_path, checkup.NEEDED["plugin"])
    status, text = report()
    assert status == 0, text
    assert "FAIL" not in text and text.splitlines()[-1].startswith("The plugin can run: mim train mmpose CONFIG")
    assert "note  workflow" in text and "snakemake" in text and "COCO" not in text


def test_modules_alone_are_well(report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only_installed(monkeypatch, tmp_path, checkup.NEEDED["modules"])
    status, text = report()
    assert status == 0, text
    assert "FAIL" not in text and text.splitlines()[-1].startswith("The PyTorch modules can run")
    assert "pip install 'mmpose-ssn[mmpose]'" in text


def test_broken_plugin_fails_outside_a_checkout(report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only_installed(monkeypatch, tmp_path, checkup.NEEDED["plugin"] - {"mmdet"})
    status, text = report()
    assert status == 1
    assert "mmdet is not installed" in text and "The plugin cannot run yet" in text


def test_title_says_the_commit_of_a_checkout_and_the_version_alone_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    version = f"mmpose-ssn {mmpose_ssn.__version__}"
    monkeypatch.setattr(provenance, "commit", lambda: "0123456789ab+changes")
    assert checkup._title().startswith(f"{version} (commit 0123456789ab+changes) on ")
    monkeypatch.undo()
    monkeypatch.setattr(mmpose_ssn, "__file__", str(tmp_path / "mmpose_ssn" / "__init__.py"))
    assert checkup._title().startswith(f"{version} on ")
