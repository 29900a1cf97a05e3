# COCO keypoints in MMPose's layout under data_root, crops of 256x192 (Section 4, "Dataset and Data Augmentation")
codec = dict(type="MSRAHeatmap", input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
data_root = "data/coco/"
# what MMPose's inferencers ask of a config, beside its loaders
dataset_type = "CocoDataset"
data_mode = "topdown"

train_pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    # the paper does not mention a training flip; prob=0 switches it off
    dict(type="RandomFlip", direction="horizontal", prob=0.5),
    # rotation, scale and shift on every image
    dict(
        type="RandomBBoxTransform",
        rotate_factor=30.0,
        rotate_prob=1.0,
        scale_factor=(0.75, 1.25),
        scale_prob=1.0,
        shift_factor=0.05,
        shift_prob=1.0,
    ),
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs"),
]
val_pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="PackPoseInputs"),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    # the training loop streams from the data set in this sampler's order
    sampler=dict(type="StreamSampler"),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file="annotations/person_keypoints_train2017.json",
        data_prefix=dict(img="train2017/"),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file="annotations/person_keypoints_val2017.json",
        # the detector of SimpleBaseline, AP 56.4 on persons, that the paper names
        bbox_file=data_root + "person_detection_results/COCO_val2017_detections_AP_H_56_person.json",
        data_prefix=dict(img="val2017/"),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type="StagePredictorsMetric",
    ann_file=data_root + "annotations/person_keypoints_val2017.json",
    # the paper names Soft-NMS on boxes, and no settings
    soft_nms=dict(method="gaussian", sigma=0.5, min_score=0.001),
)
test_evaluator = val_evaluator
