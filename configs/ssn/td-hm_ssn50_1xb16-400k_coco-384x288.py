# Table 3, "SSN" at 384x288
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

codec = dict(input_size=(288, 384), heatmap_size=(72, 96), sigma=3)
model = dict(head=dict(decoder=codec))

train_pipeline = [
    *_base_.train_pipeline[:4],
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="GenerateTarget", encoder=dict(type="MSRAHeatmap", **codec)),
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
