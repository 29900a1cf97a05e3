# Not in the paper: "3Block + 3FSM, K = 256" whose modules do not shift; their attention stays
_base_ = ["./td-hm_ssn-lite-k256_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(shift=False)))
