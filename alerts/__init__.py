"""Alerts take what was found to people and platforms: triage, outbox, channels, batches, the page."""
