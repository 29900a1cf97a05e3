# Table 1, "SSN, K = 256" (128 in the first module)
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(shift_channels=256)))
