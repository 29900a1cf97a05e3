"""Drawn figures: a COCO-format keypoint data set, made on the spot, that poses the problem of the paper's Figure 1.

Elbows and knees look alike and only distant context tells them apart; left and right are told only by whether the head
shows a face; a crop of one figure often holds another one's joints; things and figures occlude each other. Numbers from
drawn figures compare networks with each other; they say nothing about COCO.
"""

from mmpose_ssn.datasets.drawn.sheet import contact_sheet
from mmpose_ssn.datasets.drawn.spec import VERSION, DrawnSpec
from mmpose_ssn.datasets.drawn.write import verify, write

__all__ = ["VERSION", "DrawnSpec", "contact_sheet", "verify", "write"]
