"""The pages: each is data made of result files and the paper's print, which one renderer writes in every format.

Pages read files and never a model; ``python -m mmpose_ssn page NAME`` writes one.
"""
