"""How far information must travel: a drawn task whose deciding cue stands a known displacement away, for the feature
shifting module and every alternative to it.
"""
