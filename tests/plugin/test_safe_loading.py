"""A checkpoint loads by PyTorch's safe unpickler whichever of MMPose's data sets it was trained on, and what else may
stand in a file stays refused.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import mmpose
import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmpose.datasets.datasets.utils import parse_pose_metainfo

import mmpose_ssn.plugin  # noqa: F401  repairs the loading

METAS = sorted((Path(mmpose.__file__).parent / ".mim" / "configs" / "_base_" / "datasets").glob("*.py"))


def reloaded(content: Any, folder: Path) -> Any:
    torch.save(content, folder / "checkpoint.pth")
    return torch.load(folder / "checkpoint.pth", weights_only=True)


def assert_same(got: Any, expected: Any) -> None:
    if isinstance(expected, np.ndarray):
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)
    elif isinstance(expected, dict):
        assert got.keys() == expected.keys()
        for key in expected:
            assert_same(got[key], expected[key])
    else:
        assert got == expected


def test_every_meta_is_looked_at() -> None:
    assert len(METAS) > 50
    without_oks = [file for file in METAS if "sigmas=[]" in file.read_text().replace(" ", "")]
    assert len(without_oks) > 20, "else the test below would hold without the repair"


@pytest.mark.parametrize("file", METAS, ids=lambda file: file.stem)
def test_checkpoint_of_every_data_set_of_mmpose_loads(file: Path, tmp_path: Path) -> None:
    meta = parse_pose_metainfo({"from_file": str(file)})
    history = HistoryBuffer([0.5], [1])
    found = reloaded({"meta": {"dataset_meta": meta}, "message_hub": {"loss": history}}, tmp_path)
    assert_same(found["meta"]["dataset_meta"], meta)
    assert found["message_hub"]["loss"].mean() == history.mean()


class Called:
    """Pickled as the call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(bytes, (1 << 40,)), (getattr, (HistoryBuffer, "__init__")), (eval, ("1",)), (print, ("here",))],
    ids=["bytes of any length", "another attribute", "eval", "print"],
)
def test_anything_else_is_refused(function: Any, arguments: tuple[Any, ...], tmp_path: Path) -> None:
    with pytest.raises((pickle.UnpicklingError, ValueError, TypeError)):
        reloaded({"meta": Called(function, *arguments)}, tmp_path)
