"""COCO 2017 in MMPose's layout: which files belong to it, whether they are in place, and how to get them."""

from functools import partial

from mmpose_ssn.datasets import published
from mmpose_ssn.datasets.coco.parts import HOW_TO_GET, PARTS, REQUIRED, contents, missing
from mmpose_ssn.datasets.published import Published

get = partial(published.get, "COCO")

__all__ = ["HOW_TO_GET", "PARTS", "REQUIRED", "Published", "contents", "get", "missing"]
