# SimpleBaseline on MobileNetV2 (https://arxiv.org/abs/1801.04381)
_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/schedule_1xb16-400k.py",
    "../_base_/coco-keypoints_256x192.py",
]
from mmengine.hub import get_config  # noqa: E402

origin = "mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_mobilenetv2_8xb64-210e_coco-256x192.py"
model = get_config(origin).model
