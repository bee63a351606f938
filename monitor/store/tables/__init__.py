"""The tables, by what they serve: collecting, reviewing, reporting, and what all share."""

from monitor.store.tables.campaigns import (
    Band,
    Campaign,
    CampaignStep,
    Comeback,
    Occurrence,
    StoredWording,
    Suggestion,
)
from monitor.store.tables.collecting import Coverage, CursorRow, Lease, Pause, Run, SourceRow, Volume
from monitor.store.tables.evidence import Account, Identity, Mention, StoredPost
from monitor.store.tables.keys import KeyMark
from monitor.store.tables.linking import AccountName, LinkBasis, LinkedSet, Sharing
from monitor.store.tables.records import AuditRow, Switch
from monitor.store.tables.reporting import ExportBatch, Report, ReportEvent
from monitor.store.tables.reviewing import Alert, AlertTerm, Decision, Reveal, User, WebSession

__all__ = [
    "Account",
    "AccountName",
    "Alert",
    "AlertTerm",
    "AuditRow",
    "Band",
    "Campaign",
    "CampaignStep",
    "Comeback",
    "Coverage",
    "CursorRow",
    "Decision",
    "ExportBatch",
    "Identity",
    "KeyMark",
    "Lease",
    "LinkBasis",
    "LinkedSet",
    "Mention",
    "Occurrence",
    "Pause",
    "Report",
    "ReportEvent",
    "Reveal",
    "Run",
    "Sharing",
    "SourceRow",
    "StoredPost",
    "StoredWording",
    "Suggestion",
    "Switch",
    "User",
    "Volume",
    "WebSession",
]
