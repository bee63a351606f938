"""How fast the screen is, against bare scans and naive scripts, side by side in one run on the same texts."""
