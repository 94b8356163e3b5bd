"""The log source that the rules here are on: CloudTrail's records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOUDTRAIL = {"product": "aws", "service": "cloudtrail"}
"""As Sigma's taxonomy names it (Sigma Taxonomy Appendix, "Log Sources")."""

MEND = "Rules are on records of CloudTrail here: product aws, service cloudtrail."


def foreign(logsource: Mapping[str, Any]) -> str:
    """The first key of *logsource* that says it is another one, or an empty text; what is left open may be CloudTrail."""
    for key in ("category", "product", "service"):
        value = logsource.get(key)
        if value is not None and str(value).lower() != CLOUDTRAIL.get(key):
            return key
    return ""
