"""Cost of start-up, loading and evaluation at COCO's size and at parts of it, on drawn figures in the place of COCO."""
