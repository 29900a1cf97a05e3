"""The order and the randomness of training data, and the drawn-figure data set."""
