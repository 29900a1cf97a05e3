# Advised against in Section 4: group normalisation inside the modules
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(norm_groups=32)))
