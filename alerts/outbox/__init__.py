"""The outbox: what leaves, when, and what became of it. Sent once, or known to be uncertain."""
