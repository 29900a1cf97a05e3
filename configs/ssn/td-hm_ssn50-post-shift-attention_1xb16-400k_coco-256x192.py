# Asserted in Section 3.2 to do about as well as SSN: attention from the maps before and after the shift
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(fsm=dict(attention_from="both")))
