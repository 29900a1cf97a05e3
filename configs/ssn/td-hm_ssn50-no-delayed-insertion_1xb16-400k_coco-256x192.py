# Advised against in Section 4: the modules take part in training from the first iteration
_base_ = ["./td-hm_ssn50_1xb16-400k_coco-256x192.py"]

custom_hooks = [hook for hook in _base_.custom_hooks if hook["type"] != "DelayedInsertionHook"]
