"""The handle record: what is known here of one handle, masked until a logged reveal."""

from alerts.handles.hubs import Hubs, parse_hub
from alerts.handles.limit import TooManyLookUpsError
from alerts.handles.links import LinkRules
from alerts.handles.lookup import HandleRecords, NotShownError, Reference
from alerts.handles.records import HandleRecord
from monitor.linking import Linking

__all__ = [
    "HandleRecord",
    "HandleRecords",
    "Hubs",
    "LinkRules",
    "Linking",
    "NotShownError",
    "Reference",
    "TooManyLookUpsError",
    "parse_hub",
]
