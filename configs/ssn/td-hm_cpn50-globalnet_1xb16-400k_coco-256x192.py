# Table 1, "Backbone"
_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/schedule_1xb16-400k.py",
    "../_base_/cpn50-globalnet.py",
]
