"""How a number was made: commit, machine, and the digests of what it was made from."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import mmpose_ssn
from mmpose_ssn.files import sha256


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
    """SHA-256 of a file's bytes as every record has it, ``sha256:HEX``.

    Raises:
        OSError: If the file cannot be read.
    """
    return f"sha256:{sha256(file)}"


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()
