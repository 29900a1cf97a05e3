"""One training of the paper's study: which network, under which preset, from which resolved config, and how it is run
and scored.
"""
