# Table 1, "Backbone, w/ ESP": early stage predictors on C2, C3, C4 (Section 3.3)
_base_ = ["./td-hm_cpn50-globalnet_1xb16-400k_coco-256x192.py"]

model = dict(head=dict(stage_channels=(256, 512, 1024)))
