# Section 4, "Training": Adam at 5e-4, batch 16, 400k iterations, halved every 30k after the first 300k
train_cfg = dict(type="StreamTrainLoop", max_iters=400_000, val_interval=10_000)
val_cfg = dict()
test_cfg = dict()

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=5e-4))
param_scheduler = [
    dict(type="MultiStepLR", by_epoch=False, milestones=[300_000, 330_000, 360_000, 390_000], gamma=0.5),
]
auto_scale_lr = dict(base_batch_size=16)
