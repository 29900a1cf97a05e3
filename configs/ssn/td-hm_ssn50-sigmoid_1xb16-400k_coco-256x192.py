# Advised against in the supplement, Section 3: the lite networks' attention in SSN
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(attention="sigmoid")))
