# Advised against in the supplement, Section 3: SSN's attention in "3Block + 3FSM, K = 256"
_base_ = ["./td-hm_ssn-lite-k256_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(attention="softplus-l1")))
