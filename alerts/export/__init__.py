"""Batches that leave as files: rows, formats, and the manifest that proves what was in them."""
