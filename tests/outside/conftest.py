"""What somebody has who installed the wheel beside MMPose: a directory away from the repository, and configs that
inherit from the installed ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SMALL = """
_base_ = ["{base}"]
data_root = "{data}/"
model = dict(
    init_cfg=None,
    backbone=dict(base_channels=8, norm_groups=4, fsm=dict(shift_channels=16)),
    head=dict(channels=32, norm_groups=4),
)
train_cfg = dict(max_iters=2, val_interval=2)
custom_hooks = [dict(type="OffsetRecordHook", interval=1, snapshot_interval=2)]
default_hooks = dict(logger=dict(interval=1))
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        data_root=data_root, ann_file="annotations/person_keypoints_train.json", data_prefix=dict(img="train/")
    ),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        data_root=data_root,
        ann_file="annotations/person_keypoints_val.json",
        data_prefix=dict(img="val/"),
        bbox_file=None,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + "annotations/person_keypoints_val.json", soft_nms=None)
test_evaluator = val_evaluator
"""


@pytest.fixture(scope="session")
def installed_configs(site: Path) -> Path:
    """The installed SSN configs, where MIM looks for them."""
    return site / "mmpose_ssn" / ".mim" / "configs" / "ssn"


@pytest.fixture(scope="session")
def away(installed_configs: Path, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of a user's own with ``small.py``, a small SSN-lite that inherits from the installed config."""
    folder = tmp_path_factory.mktemp("away")
    base = installed_configs / "td-hm_ssn-lite-k256_1xb16-400k_coco-256x192.py"
    (folder / "small.py").write_text(SMALL.format(base=base, data=drawn))
    return folder


@pytest.fixture(scope="session")
def python(site: Path, away: Path) -> Callable[..., str]:
    """Run Python in a process that sees the wheel, and in the user's directory; return what it printed."""

    def run(*arguments: str, fails: bool = False, **environment: Any) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *arguments],
            cwd=away,
            env={**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1", **environment},
            capture_output=True,
            text=True,
        )
        assert fails == (done.returncode != 0), done.stdout[-5000:] + done.stderr[-10000:]
        return done.stdout + (done.stderr if fails else "")

    return run
