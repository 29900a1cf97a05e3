# Table 1, "SSN, w/o ESP" (Table 2's "Backbone + FSM")
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

model = dict(head=dict(stage_channels=()))
