"""Files of a data set as somebody has published them: whether they are in place, and how to get them."""

from mmpose_ssn.datasets.published.get import get
from mmpose_ssn.datasets.published.published_file import Published

__all__ = ["Published", "get"]
