# Table 1, "SSN": feature shifting modules in the backbone, early stage predictors
_base_ = ["./td-hm_cpn50-globalnet-esp_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(shift_channels=512, attention="softplus-l1")))
