"""The pictures of the pages: arrays and words in, PNG files out."""
