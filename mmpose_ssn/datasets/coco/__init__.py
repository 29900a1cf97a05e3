"""COCO 2017 in MMPose's layout: which files belong to it, whether they are in place, and how to get them."""

from mmpose_ssn.datasets.coco.get import get
from mmpose_ssn.datasets.coco.published import HOW_TO_GET, PARTS, REQUIRED, Published, contents, missing

__all__ = ["HOW_TO_GET", "PARTS", "REQUIRED", "Published", "contents", "get", "missing"]
