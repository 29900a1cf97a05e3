"""What this machine can run: packages, shift back ends, devices, COCO, disk, and what to do about each thing missing.

What has to run depends on what is installed: in a checkout the main job, beside MMPose the plugin, and with PyTorch
alone the modules. No large package is imported before a check needs it; a check that meets a missing or broken package
reports that and goes on.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mmpose_ssn import __version__
from mmpose_ssn.experiment import provenance

MAIN_JOB = "./run snakemake --cores all results/table1.md"

#: Modules that the main job imports, and the distributions that may provide each.
PACKAGES: dict[str, tuple[str, ...]] = {
    "torch": ("torch",),
    "torchvision": ("torchvision",),
    "numpy": ("numpy",),
    "mmengine": ("mmengine",),
    "mmcv": ("mmcv", "mmcv-lite"),
    "mmdet": ("mmdet",),
    "mmpose": ("mmpose",),
    "pycocotools": ("pycocotools",),
    "fvcore": ("fvcore",),
    "tensorboard": ("tensorboard",),
    "pandas": ("pandas",),
    "scipy": ("scipy",),
    "snakemake": ("snakemake",),
    "cv2": ("opencv-python-headless", "opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "PIL": ("pillow",),
    "matplotlib": ("matplotlib",),
    "yaml": ("pyyaml",),
    "jsonschema": ("jsonschema",),
    "tqdm": ("tqdm",),
    "mim": ("openmim",),
    "pkg_resources": ("setuptools",),
}

Purpose = Literal["main job", "plugin", "modules"]

NEEDED: dict[Purpose, frozenset[str]] = {
    "main job": frozenset(PACKAGES),
    "plugin": frozenset(
        ("torch", "torchvision", "numpy", "mmengine", "mmcv", "mmdet", "mmpose", "tensorboard", "cv2", "pkg_resources")
    ),
    "modules": frozenset(("torch", "numpy")),
}
"""Modules of :data:`PACKAGES` without which each purpose fails."""

_CAN_RUN: dict[Purpose, str] = {
    "main job": f"The main job can run: {MAIN_JOB}",
    "plugin": 'The plugin can run: mim train mmpose CONFIG, with "mmpose_ssn.plugin" in the config\'s custom_imports',
    "modules": "The PyTorch modules can run: from mmpose_ssn.models import FeatureShiftingModule",
}

_LITTLE_DISK_GB = 10

Level = Literal["ok", "note", "FAIL"]


@dataclass(frozen=True)
class Diagnosis:
    """One line of the report.

    Attributes:
        level: Severity: ``"ok"``; ``"note"``, what is installed does without what is missing; ``"FAIL"``, it cannot
            run.
        topic: What was looked at, in a word.
        text: What was found.
        remedy: What to do about it; empty where nothing needs doing.
    """

    level: Level
    topic: str
    text: str
    remedy: str = ""


def diagnose(coco_root: Path, progress: Callable[[str], None] = lambda doing: None) -> list[Diagnosis]:
    """Look at everything that is needed or could be used.

    Args:
        coco_root: Data root of COCO 2017 in MMPose's layout.
        progress: Function that is called with what is being done, in words; the imports take some seconds.

    Returns:
        The findings in the order of the report. Nothing is raised for a missing or broken package.
    """
    in_checkout = purpose() == "main job"
    return [
        _check_python(),
        *_check_packages(progress),
        *_check_backends(),
        *_check_devices(),
        _check_workflow(),
        *([_check_coco(coco_root)] if in_checkout else []),
        _check_disk(Path.cwd()),
    ]


def purpose() -> Purpose:
    """What this installation is for: the main job in a checkout, else the plugin where MMPose is, else the modules."""
    if (_package_root() / "Snakefile").is_file():
        return "main job"
    return "plugin" if _installed_version(PACKAGES["mmpose"]) else "modules"


def exit_status(findings: Iterable[Diagnosis]) -> int:
    """Return 1 if any finding keeps what is installed from running, else 0."""
    return int(any(finding.level == "FAIL" for finding in findings))


def render(findings: list[Diagnosis], width: int = 100) -> str:
    """Lay the findings out on one screen of ``width`` columns, closing with what can run."""
    topics = max(len(finding.topic) for finding in findings)
    lines = [_title(), ""]
    for finding in findings:
        head = f"{finding.level:<4}  {finding.topic:<{topics}}  "
        indent = " " * len(head)
        lines += textwrap.wrap(head + finding.text, width, subsequent_indent=indent, break_on_hyphens=False)
        if finding.remedy:
            arrow = f"{indent}-> "
            lines += textwrap.wrap(
                finding.remedy, width, initial_indent=arrow, subsequent_indent=indent + "   ", break_on_hyphens=False
            )
    verdict = _CAN_RUN[purpose()]
    if exit_status(findings):
        verdict = f"{verdict.partition(' can run')[0]} cannot run yet: mend each FAIL above"
    return "\n".join([*lines, "", *textwrap.wrap(verdict, width, break_on_hyphens=False)])


def _title() -> str:
    version, commit = f"mmpose-ssn {__version__}", provenance.commit()
    origin = "" if commit == version else f" (commit {commit})"
    return f"{version}{origin} on {platform.system()} {platform.machine()}"


def _package_root() -> Path:
    """The repository root in a checkout, site-packages in an installation."""
    return Path(__file__).resolve().parents[1]


def _check_python() -> Diagnosis:
    version = f"{platform.python_version()} in {sys.prefix}"
    if sys.version_info[:2] == (3, 11):
        return Diagnosis("ok", "python", version)
    return Diagnosis("note", "python", version, "the lock is for Python 3.11: ./run makes its environment")


def _check_packages(progress: Callable[[str], None]) -> list[Diagnosis]:
    present, findings = [], []
    needed = NEEDED[purpose()]
    for module, distributions in PACKAGES.items():
        if module not in needed:
            continue
        progress(f"importing {module}")
        version = _installed_version(distributions)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(module)
        except Exception as error:  # a broken package may raise anything: OSError of a library, mmdet's AssertionError
            if version is None:
                text, verb = f"{distributions[0]} is not installed", "install"
            else:
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                text, verb = f"{version} does not import: {textwrap.shorten(reason, 300)}", "install --force-reinstall"
            remedy = f"run commands through ./run, or in an environment of your own: pip {verb} {distributions[-1]}"
            if module == "mmcv" and version is None:
                text = "neither mmcv nor mmcv-lite is installed"
            findings.append(Diagnosis("FAIL", "packages", text, remedy))
        else:
            present.append(version or module)
    if present:
        findings.insert(0, Diagnosis("ok", "packages", ", ".join(present)))
    return findings + _check_other_packages(needed)


def _check_other_packages(needed: frozenset[str]) -> list[Diagnosis]:
    """Say of what is missing and not needed here what it is for."""
    wanted: tuple[tuple[frozenset[str], str, str], ...] = (
        (NEEDED["plugin"] - needed, "the plugin", "pip install 'mmpose-ssn[mmpose]' mmcv-lite"),
        (
            NEEDED["main job"] - NEEDED["plugin"] - needed,
            "the workflow and its pages",
            "./run in a clone of the repository",
        ),
    )
    findings = []
    for modules, whose, remedy in wanted:
        missing = [
            names[0] for module, names in PACKAGES.items() if module in modules and not _installed_version(names)
        ]
        if missing:
            text = f"{', '.join(missing)}: not installed, and needed by {whose} alone"
            findings.append(Diagnosis("note", "packages", text, f"nothing, unless you want {whose}: {remedy}"))
    return findings


def _installed_version(distributions: tuple[str, ...]) -> str | None:
    for distribution in distributions:
        try:
            return f"{distribution} {importlib.metadata.version(distribution)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _check_backends() -> list[Diagnosis]:
    try:
        import torch

        from mmpose_ssn.ops import available_backends
        from mmpose_ssn.ops.shift import choose_backend

        chosen = choose_backend(torch.zeros(1))
    except Exception as error:
        text = f"mmpose_ssn.ops does not import: {type(error).__name__}: {error}"
        return [Diagnosis("FAIL", "shift", text, "mend the packages above first")]
    backends = available_backends()
    usable = [name for name, reason in backends.items() if reason is None]
    if not usable:
        return [Diagnosis("FAIL", "shift", f"no back end is usable: {backends}", "mend the packages above first")]
    findings = [Diagnosis("ok", "shift", f"back ends {', '.join(usable)}; maps on the CPU take {chosen}")]
    return findings + [
        Diagnosis("note", "shift", f"back end {name} is not usable: {reason}", "the others give the same results")
        for name, reason in backends.items()
        if reason is not None
    ]


def _check_devices() -> list[Diagnosis]:
    try:
        import torch
    except Exception:
        return []  # already a finding among the packages
    cores = len(os.sched_getaffinity(0))
    findings = [Diagnosis("ok", "cpu", f"{torch.get_num_threads()} threads on {cores} cores")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        usable = torch.cuda.is_available()
    if usable:
        for index in range(torch.cuda.device_count()):
            gpu = torch.cuda.get_device_properties(index)
            findings.append(Diagnosis("ok", "cuda", f"cuda:{index} {gpu.name}, {gpu.total_memory / 2**30:.0f} GiB"))
    elif torch.version.cuda is None:
        remedy = "./run installs a build with CUDA; only the paper preset asks for a GPU"
        findings.append(Diagnosis("note", "cuda", f"torch {torch.__version__} is built without CUDA", remedy))
    else:
        text = f"torch sees no CUDA device (it is built for CUDA {torch.version.cuda})"
        remedy = "nothing, unless there is one: then see that nvidia-smi works. Only the paper preset asks for a GPU"
        findings.append(Diagnosis("note", "cuda", text, remedy))
    return findings


def _check_workflow() -> Diagnosis:
    root = _package_root()
    if (root / "Snakefile").is_file():
        return Diagnosis("ok", "workflow", f"{root}")
    text = f"no Snakefile: the package is installed without the repository, which is enough for the {purpose()}"
    return Diagnosis("note", "workflow", text, "nothing, unless you want the paper's tables: clone the repository")


def _check_coco(root: Path) -> Diagnosis:
    from mmpose_ssn.datasets import coco

    missing = coco.missing(root)
    if not root.is_dir():
        text = f"{root} does not exist"
    elif missing:
        text = f"{root} lacks {', '.join(missing)}"
    else:
        return Diagnosis("ok", "COCO", f"{root}: annotations, photos and person detections are in place")
    remedy = f"needed by the paper preset only; {coco.HOW_TO_GET}. Another place: --coco-root"
    return Diagnosis("note", "COCO", text, remedy)


def _check_disk(folder: Path) -> Diagnosis:
    free = shutil.disk_usage(folder).free / 1e9
    text = f"{free:.1f} GB free in {folder}"
    if free < _LITTLE_DISK_GB:
        return Diagnosis("note", "disk", text, "the paper preset keeps a full-size checkpoint per network: make room")
    return Diagnosis("ok", "disk", text)
