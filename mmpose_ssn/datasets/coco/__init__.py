"""COCO 2017 in MMPose's layout: what belongs to it, whether it lies in place, and how it is got."""

from .get import get
from .published import HOW_TO_GET, PARTS, REQUIRED, Published, contents, missing

__all__ = ["HOW_TO_GET", "PARTS", "REQUIRED", "Published", "contents", "get", "missing"]
