# Advised against in Section 4: the offsets keep their first learning rate
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

param_scheduler = [_base_.param_scheduler[0], dict(_base_.param_scheduler[1], gamma=1.0)]
