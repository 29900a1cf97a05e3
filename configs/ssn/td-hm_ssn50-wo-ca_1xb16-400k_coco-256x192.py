# Table 1, "SSN, w/o CA": no correlation attention
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(attention=None)))
