# HRNet-W32 (https://arxiv.org/abs/1902.09212)
_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/schedule_1xb16-400k.py",
    "../_base_/coco-keypoints_256x192.py",
]
from mmengine.hub import get_config  # noqa: E402

origin = "mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_hrnet-w32_8xb64-210e_coco-256x192.py"
model = get_config(origin).model
small = dict(  # the stem keeps its 64 channels and takes most: MMPose has no argument for it
    backbone=dict(
        extra=dict(
            stage1=dict(num_channels=(4,)),
            stage2=dict(num_blocks=(1, 1), num_channels=(6, 12)),
            stage3=dict(num_modules=2, num_blocks=(1, 1, 1), num_channels=(6, 12, 24)),
            stage4=dict(num_blocks=(1, 1, 1, 1), num_channels=(6, 12, 24, 48)),
        )
    ),
    head=dict(in_channels=6),
)
