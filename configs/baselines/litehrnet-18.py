# Lite-HRNet-18 (https://arxiv.org/abs/2104.06403)
_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/schedule_1xb16-400k.py",
    "../_base_/coco-keypoints_256x192.py",
]
from mmengine.hub import get_config  # noqa: E402

origin = "mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_litehrnet-18_8xb64-210e_coco-256x192.py"
model = get_config(origin).model
small = dict(
    backbone=dict(
        extra=dict(
            stem=dict(stem_channels=64, out_channels=64),
            stages_spec=dict(num_modules=(1, 2, 1), num_channels=((48, 80), (48, 80, 112), (48, 80, 112, 112))),
        )
    ),
    head=dict(in_channels=48),
)
