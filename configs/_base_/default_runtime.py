default_scope = "mmpose"
custom_imports = dict(imports=["mmpose_ssn.plugin"], allow_failed_imports=False)

# the order of training and its augmentation are functions of this seed alone
randomness = dict(seed=0)

default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type="ParamSchedulerHook"),
    # two are kept: one is removed before the next is written
    checkpoint=dict(type="CheckpointHook", by_epoch=False, interval=5000, max_keep_ckpts=2),
    sampler_seed=dict(type="DistSamplerSeedHook"),
)

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    dist_cfg=dict(backend="nccl"),
)
visualizer = dict(
    type="PoseLocalVisualizer",
    vis_backends=[dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")],
    name="visualizer",
)
log_processor = dict(
    type="LogProcessor",
    window_size=50,
    by_epoch=False,
    num_digits=6,
    # losses are means over the window as they are
    custom_cfg=[dict(data_src="acc_pose", method_name="mean", window_size=50)],
)
log_level = "INFO"
load_from = None
resume = False
backend_args = dict(backend="local")
