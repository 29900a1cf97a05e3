# RTMPose-s (https://arxiv.org/abs/2303.07399)
_base_ = ["./rtmpose-t.py"]
from mmengine.hub import get_config  # noqa: E402

origin = "mmpose::body_2d_keypoint/rtmpose/coco/rtmpose-s_8xb256-420e_coco-256x192.py"
model = dict(_delete_=True, **get_config(origin).model)
