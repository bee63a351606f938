"""Triage: the queue, one alert, and what a person does with it."""

from alerts.triage.actions import Triage, parse_lane, parse_listing
from alerts.triage.fastlane import FastLane

__all__ = ["FastLane", "Triage", "parse_lane", "parse_listing"]
