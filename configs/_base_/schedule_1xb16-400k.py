# Section 4, "Training": Adam at 5e-4, batch 16, 400k iterations, halved every 30k after the first 300k
train_cfg = dict(type="StreamTrainLoop", max_iters=400_000, val_interval=10_000)
val_cfg = dict()
test_cfg = dict()

optim_wrapper = dict(
    type="OptimWrapper",
    # fused: one call for all parameters instead of a loop over them
    optimizer=dict(type="Adam", lr=5e-4, fused=True),
    # the offsets are a group of their own, at 1e-3
    constructor="OffsetGroupConstructor",
    paramwise_cfg=dict(offset_lr=1e-3),
)
param_scheduler = [
    dict(
        type="GroupMultiStepLR",
        group="main",
        by_epoch=False,
        milestones=[300_000, 330_000, 360_000, 390_000],
        gamma=0.5,
    ),
    # times 0.9 after each epoch, whatever the main schedule does
    dict(
        type="GroupStepLR",
        group="offsets",
        by_epoch=True,
        convert_to_iter_based=True,
        step_size=1,
        gamma=0.9,
        end=1_000_000,
    ),
]
auto_scale_lr = dict(base_batch_size=16)

custom_hooks = [
    dict(type="SyncBuffersHook"),
    # the feature shifting modules take no part in the first 6000 iterations
    dict(type="DelayedInsertionHook", iterations=6000),
    dict(type="OffsetRecordHook", interval=50, snapshot_interval=10_000),
]
# until their insertion the modules' parameters are unused
find_unused_parameters = True
