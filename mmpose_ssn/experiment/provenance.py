"""How a number was made: commit, machine, and the digests of what it was made from."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import mmpose_ssn


def commit() -> str:
    """Commit of the checkout that the package runs from, with ``+changes`` where it is not clean; else the package's
    version.
    """
    folder = Path(mmpose_ssn.__file__).parent
    try:
        _git(folder, "ls-files", "--error-unmatch", "__init__.py")  # it may lie in somebody else's repository
        head = _git(folder, "rev-parse", "--short=12", "HEAD")
        changed = _git(folder.parent, "status", "--porcelain", "--untracked-files=no", "--", "mmpose_ssn", "configs")
    except (OSError, subprocess.CalledProcessError):
        return f"mmpose-ssn {mmpose_ssn.__version__}"
    return head + ("+changes" if changed else "")


def machine() -> str:
    """The machine's class, not its name: architecture, cores, device."""
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {device}"


def file_digest(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return "sha256:" + digest.hexdigest()


def data_description(experiment: dict[str, Any], data_root: Path, annotation_file: Path) -> tuple[str, str]:
    """What a network was scored on, in words, and its digest."""
    manifest = data_root / "manifest.json"
    if experiment["data"] == "drawn":
        content = json.loads(manifest.read_text(encoding="utf-8"))
        split = annotation_file.stem.removeprefix("person_keypoints_")
        return f"drawn figures, version {content['version']}, {split}", file_digest(manifest)
    name = (
        "COCO val2017"
        if annotation_file.name == "person_keypoints_val2017.json"
        else f"{annotation_file.stem} under {data_root.name}"
    )
    return name, file_digest(annotation_file)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()
