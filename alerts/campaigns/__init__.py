"""The people's side of campaigns: their growth, what is suggested to merge, merging, dismissing, splitting."""

from alerts.campaigns.actions import Campaigns
from alerts.campaigns.page import CampaignPage, SuggestedPage
from alerts.campaigns.records import CampaignView, Done, Group, HandleIn, StepSeen, Suggested

__all__ = [
    "CampaignPage",
    "CampaignView",
    "Campaigns",
    "Done",
    "Group",
    "HandleIn",
    "StepSeen",
    "Suggested",
    "SuggestedPage",
]
