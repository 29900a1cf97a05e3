# One-stage MSPN-50 (https://arxiv.org/abs/1901.00148), with a target for each of its four levels
_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/schedule_1xb16-400k.py",
    "../_base_/coco-keypoints_256x192.py",
]
from mmengine.hub import get_config  # noqa: E402

origin = "mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_mspn50_8xb32-210e_coco-256x192.py"
model = get_config(origin).model
codec = dict(_delete_=True, **model.head.decoder)
levels = [{**model.head.decoder, "kernel_size": size} for size in (11, 9, 7, 5)]

train_pipeline = [
    *_base_.train_pipeline[:4],
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="GenerateTarget", multilevel=True, encoder=levels),
    dict(type="PackPoseInputs"),
]
val_pipeline = [
    *_base_.val_pipeline[:2],
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="PackPoseInputs"),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
