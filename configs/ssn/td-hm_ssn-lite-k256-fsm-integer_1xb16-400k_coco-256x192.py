# Not in the paper: "3Block + 3FSM, K = 256" with offsets rounded and kept where they start
_base_ = ["./td-hm_ssn-lite-k256_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(alternative=dict(kind="fsm-integer")))
