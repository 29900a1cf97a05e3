# Table 1, "3Block + 3FSM, K = 256" (supplement, Section 3)
_base_ = ["./td-hm_cpn50-globalnet_1xb16-400k_coco-256x192.py"]

model = dict(
    backbone=dict(
        _delete_=True,
        type="SSNLite",
        blocks=3,
        base_channels=64,
        norm_groups=32,
        fsm=dict(shift_channels=256, attention="sigmoid"),
    ),
    neck=None,
    head=dict(pyramid_levels=1),
)
