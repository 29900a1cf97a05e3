# Not in the paper: "3Block + 3FSM, K = 256" with 7x7 convolutions for shifts, at equal parameters
_base_ = ["./td-hm_ssn-lite-k256_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(alternative=dict(kind="conv7x7")))
