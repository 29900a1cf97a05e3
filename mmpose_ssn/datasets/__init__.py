"""The order and the randomness of training data, the drawn figures, and the files of COCO and Leeds Sports Pose."""
