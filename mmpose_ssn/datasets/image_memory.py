"""Images that stay in memory once they have been decoded, for data sets that are small enough."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImageOnce(LoadImage):
    """MMPose's ``LoadImage`` that reads and decodes a file once in each process; the samples are the same.

    Every loader worker keeps images of its own: 3 bytes a pixel, 0.4 GB for the 3000 drawn images of ``figures``. All
    samples share them, so they are read-only: a transform that changes an image in place raises an error.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: dict[str, np.ndarray] = {}

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        path = results["img_path"]
        if path in self._kept:
            results["img"] = self._kept[path]
        loaded = super().transform(results)
        if loaded is not None and path not in self._kept:
            loaded["img"].flags.writeable = False
            self._kept[path] = loaded["img"]
        return loaded
