"""Triage: the queue, one alert, and what a person does with it."""

from alerts.triage.actions import Triage, parse_lane, parse_listing

__all__ = ["Triage", "parse_lane", "parse_listing"]
