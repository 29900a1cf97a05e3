"""Start-up, loading and evaluation at COCO's size and at parts of it, on drawn figures, where there is no COCO."""
