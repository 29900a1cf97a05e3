# The paper's "Backbone": ResNet-50 with GN, and CPN without its RefineNet (Section 3.3)
_base_ = ["./coco-keypoints_256x192.py"]

model = dict(
    type="TopdownPoseEstimator",
    # Section 4: ResNet without FSMs, trained on ImageNet. None trains from scratch
    init_cfg=dict(type="PretrainedTrunk", checkpoint="open-mmlab://contrib/resnet50_gn"),
    data_preprocessor=dict(
        type="PoseDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(type="SSN", stage_blocks=(3, 4, 6, 3), base_channels=64, norm_groups=32),
    neck=dict(type="GlobalNet", in_channels=(256, 512, 1024, 2048), channels=256, norm_groups=32),
    head=dict(
        type="StagePredictorsHead",
        pyramid_levels=4,
        stage_channels=(),
        channels=256,
        num_keypoints=17,
        norm_groups=32,
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder={{_base_.codec}},
    ),
    test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=True, predictors="all"),
)
