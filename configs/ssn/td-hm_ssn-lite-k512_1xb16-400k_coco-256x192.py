# Table 1, "3Block + 3FSM, K = 512"
_base_ = ["./td-hm_ssn-lite-k256_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(shift_channels=512)))
