# Not in the paper's tables, and at full size SSN itself: its attention is Eq. 6 as printed also where a small preset
# takes that times H*W (`as_printed` in mmpose_ssn/networks.yaml)
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]
