"""`python -m mmpose_ssn mmpose-script`: run one of the scripts that MMPose ships, its demos and tools.

Several of them import MMPose, or load a checkpoint, before they read a config that names this package. On a current
PyTorch both work only once this package is imported.
"""

from __future__ import annotations

import argparse
import importlib.util
import runpy
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``mmpose-script``."""
    parser.add_argument("script", help="name of the script, such as image_demo or browse_dataset, or its path")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the script's own arguments; --help shows them")


def run(args: argparse.Namespace) -> int:
    """Run the script as Python would; return 0 unless it raises or exits by itself."""
    file = _found(args.script)
    import torch  # noqa: F401  without it the repair leaves loading as it is

    from mmpose_ssn import _openmmlab

    _openmmlab.repair()
    sys.argv = [str(file), *args.arguments]
    sys.path.insert(0, str(file.parent))
    runpy.run_path(str(file), run_name="__main__")
    return 0


def _found(script: str) -> Path:
    """The file of a script, given by its path or by its name alone."""
    if Path(script).is_file():
        return Path(script)
    spec = importlib.util.find_spec("mmpose")
    if spec is None or spec.origin is None:
        raise SystemExit("MMPose is not installed, whose scripts this runs: pip install mmpose")
    shipped = {
        file.stem: file
        for folder in ("demo", "tools")
        for file in sorted((Path(spec.origin).parent / ".mim" / folder).rglob("*.py"))
    }
    name = Path(script).stem
    if name not in shipped:
        raise SystemExit(f"MMPose ships no script {script!r}; it has {', '.join(sorted(shipped))}")
    return shipped[name]
