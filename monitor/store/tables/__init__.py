"""The tables, by what they serve: collecting, reviewing, reporting, and what all share."""

from monitor.store.tables.collecting import Coverage, CursorRow, Lease, Run, SourceRow, Volume
from monitor.store.tables.evidence import Account, Campaign, Identity, Mention, Occurrence, StoredPost
from monitor.store.tables.keys import KeyMark
from monitor.store.tables.records import AuditRow, Switch
from monitor.store.tables.reporting import ExportBatch, Report, ReportEvent
from monitor.store.tables.reviewing import Alert, Decision, Reveal, User, WebSession

__all__ = [
    "Account",
    "Alert",
    "AuditRow",
    "Campaign",
    "Coverage",
    "CursorRow",
    "Decision",
    "ExportBatch",
    "Identity",
    "KeyMark",
    "Lease",
    "Mention",
    "Occurrence",
    "Report",
    "ReportEvent",
    "Reveal",
    "Run",
    "SourceRow",
    "StoredPost",
    "Switch",
    "User",
    "Volume",
    "WebSession",
]
