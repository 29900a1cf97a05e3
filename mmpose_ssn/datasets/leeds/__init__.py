"""Leeds Sports Pose (LSP, LSPET): from the published archives to COCO annotations with 14 joints beside the photos.

LSP: Johnson and Everingham, Clustered Pose and Nonlinear Appearance Models for Human Pose Estimation, BMVC 2010. LSPET:
Johnson and Everingham, Learning Effective Human Pose Estimation from Inaccurate Annotation, CVPR 2011.
"""

from functools import partial

from mmpose_ssn.datasets import published
from mmpose_ssn.datasets.leeds.annotations import SPLITS, VERSION, annotate, annotation_file, limit, missing
from mmpose_ssn.datasets.leeds.archives import FORMS, HOW_TO_GET, chosen_form, contents
from mmpose_ssn.datasets.leeds.joints import KEYPOINTS

get = partial(published.get, "Leeds Sports Pose")

__all__ = [
    "FORMS",
    "HOW_TO_GET",
    "KEYPOINTS",
    "SPLITS",
    "VERSION",
    "annotate",
    "annotation_file",
    "chosen_form",
    "contents",
    "get",
    "limit",
    "missing",
]
