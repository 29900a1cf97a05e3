"""How far information can travel: a drawn task whose deciding cue stands at a known displacement, for the feature
shifting module and every alternative to it.
"""
