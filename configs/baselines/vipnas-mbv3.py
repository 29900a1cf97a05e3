# ViPNAS on MobileNetV3 (https://arxiv.org/abs/2105.10154)
_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/schedule_1xb16-400k.py",
    "../_base_/coco-keypoints_256x192.py",
]
from mmengine.hub import get_config  # noqa: E402

origin = "mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_vipnas-mbv3_8xb64-210e_coco-256x192.py"
model = get_config(origin).model
small = dict(
    backbone=dict(wid=[16, 16, 12, 12, 16, 16, 16], group=[None, 8, 60, 6, 20, 40, 24]),
    head=dict(in_channels=16, deconv_num_groups=(16, 16, 16)),
)
