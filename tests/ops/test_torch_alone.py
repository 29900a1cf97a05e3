"""The shift and the plain modules need PyTorch alone: they import and run where neither OpenMMLab nor the harness is
installed.
"""

from __future__ import annotations

import subprocess
import sys

WITHOUT_OPENMMLAB = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"mmengine", "mmcv", "mmpose", "mmdet", "torchvision", "cv2", "yaml"}:
            raise ModuleNotFoundError(f"blocked: {name}")

sys.meta_path.insert(0, Blocked())

import torch
from mmpose_ssn.models import FeatureShiftingModule
from mmpose_ssn.ops import shift

module = FeatureShiftingModule(channels=4, shift_channels=6)
output = module(torch.randn(2, 4, 5, 3))
output.sum().backward()
assert output.shape == (2, 4, 5, 3) and module.offsets.grad.isfinite().all()
slow = {"torch._dynamo", "torch._inductor"} & sys.modules.keys()
assert not slow, f"imported for nothing: {slow}"
"""


def test_ops_and_models_run_with_openmmlab_blocked():
    finished = subprocess.run([sys.executable, "-c", WITHOUT_OPENMMLAB], capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
