# Not in the paper: "3Block + 3FSM, K = 256" with its offsets kept where they start, random reach without learning
_base_ = ["./td-hm_ssn-lite-k256_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(learn_offsets=False)))
