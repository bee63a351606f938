"""Measures the screen: quality on labelled posts, false alarms on real ones."""
