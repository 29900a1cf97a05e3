"""Two repairs without which MMPose 1.3 does not import, and MMEngine 0.10 does not load its own checkpoints, on a
current PyTorch.

Both do nothing where mmcv or mmengine is missing, so that the shift and the modules stay usable with PyTorch alone.

A process that imports MMPose and never this package is not repaired; the README says so, and ``mmpose-script`` runs
MMPose's scripts in one that is. What would repair every process was rejected: a ``.pth`` file runs at each start of
Python in the environment, whatever it is started for; a ``mmcv/_ext.py`` among mmcv's own files is lost with its next
installation, and stands in the way of a compiled one.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn


def repair() -> None:
    """Apply both repairs where they are needed. Calling it again changes nothing.

    The second repair waits until PyTorch is imported, so that commands that need no PyTorch do not spend seconds on
    importing it. Therefore this is called twice: by the package, and by its plugin, which all code that loads
    checkpoints imports.
    """
    if _is_installed("mmcv"):
        _stand_in_for_compiled_mmcv()
    if "torch" in sys.modules and _is_installed("mmengine"):
        _allow_mmengine_checkpoints()


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # blocked, or half imported
        return False


class _MissingExtension(ModuleType):
    """Stands in for ``mmcv._ext``: any operator can be imported, as MMPose does, and raises an error when called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*args: Any, **kwargs: Any) -> NoReturn:
            raise NotImplementedError(
                f"mmcv.ops' compiled operator {name!r} was called, but mmcv-lite is installed, which has none. "
                "SSN itself uses no mmcv operator; for a model that does, install the full mmcv for your PyTorch."
            )

        return missing


def _stand_in_for_compiled_mmcv() -> None:
    """Put the stand-in in place where mmcv has no compiled operators.

    ``mmpose`` imports ``mmcv.ops`` whatever one uses of it; mmcv has no wheel for a current PyTorch, and mmcv-lite has
    no ``_ext``.
    """
    if "mmcv._ext" in sys.modules:
        return
    spec = importlib.util.find_spec("mmcv")
    folders = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    if any(file.name.endswith(suffixes) for folder in folders for file in Path(folder).glob("_ext*")):
        return  # a compiled mmcv needs no stand-in
    module = _MissingExtension("mmcv._ext")
    module.__spec__ = importlib.machinery.ModuleSpec("mmcv._ext", loader=None)  # mmengine's collect_env asks for one
    sys.modules["mmcv._ext"] = module


def _allow_mmengine_checkpoints() -> None:
    """Have ``torch.load``'s safe unpickler, which stays on, allow what MMEngine's checkpoints hold besides tensors.

    MMEngine keeps its message hub (``HistoryBuffer``, numpy scalars and arrays) in a checkpoint, and what MMPose says
    of the data set's keypoints. The buffers' statistics are pickled with ``getattr``; it is allowed for those four
    statistics only. An empty array, as the sigmas of a data set are that has no OKS, is pickled with ``bytes``; it is
    allowed for no bytes at all only.
    """
    try:
        import numpy as np
        import torch
        from mmengine.logging import HistoryBuffer
    except ImportError as error:  # a broken installation: `doctor`, which lives in this package, is there to say so
        warnings.warn(
            f"mmengine is installed but does not import ({error}); run python -m mmpose_ssn doctor", stacklevel=4
        )
        return

    allowed: list[Any] = [HistoryBuffer, np.ndarray, np.dtype]
    reconstruct = np.zeros(0).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    for core in ("numpy.core.multiarray", "numpy._core.multiarray"):
        allowed += [(reconstruct, f"{core}._reconstruct"), (scalar, f"{core}.scalar")]
    allowed += sorted(
        {type(np.dtype(code)) for code in np.typecodes["AllInteger"] + np.typecodes["Float"] + "?"}, key=str
    )
    allowed += [(_getattr_of_history_buffer, "builtins.getattr"), (_no_bytes, "builtins.bytes")]
    torch.serialization.add_safe_globals(allowed)


def _no_bytes() -> bytes:
    return b""


def _getattr_of_history_buffer(owner: Any, name: str) -> Any:
    from mmengine.logging import HistoryBuffer

    if owner is HistoryBuffer and name in ("min", "max", "current", "mean"):
        return getattr(HistoryBuffer, name)
    raise ValueError(
        f"a checkpoint asks for attribute {name!r} of {owner!r}; only HistoryBuffer's statistics are allowed"
    )
