# Advised against in Section 4: a module before every block, right after the strided ones too
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

model = dict(backbone=dict(every_block=True))
