# Not in the paper: SSN with its offsets kept where they start, random reach without learning
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(learn_offsets=False)))
