"""A rule as a saved query (CloudWatch Logs API Reference, "PutQueryDefinition")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigma.backends.cloudwatch_logs_insights import syntax

if TYPE_CHECKING:
    from amazon_q_detections.rule import Rule

_LONGEST_NAME = 255


def name(rule: Rule) -> str:
    """`Sigma/<category>/<title>`; the slashes make folders in the console. A long title is cut, the stem tells it apart."""
    folders = ("Sigma", syntax.harmless(rule.category), syntax.harmless(rule.title.replace("/", "-")))
    full = "/".join(part for part in folders if part)
    return full if len(full) <= _LONGEST_NAME else f"{full[: _LONGEST_NAME - len(rule.stem) - 1]} {rule.stem}"


def of(rule: Rule, query: str) -> dict[str, str]:
    """What `aws logs put-query-definition --cli-input-json` takes; log groups are chosen on import."""
    return {"name": name(rule), "queryLanguage": "CWLI", "queryString": query}
