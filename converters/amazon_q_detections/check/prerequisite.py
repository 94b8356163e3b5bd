"""What a trail must record for a rule, as the rule says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections.check.finding import Finding
from amazon_q_detections.form import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from amazon_q_detections.rule import Rule


def findings(rule: Rule, groups: Set[tuple[str, ...]]) -> Iterator[Finding]:
    """A rule says which kinds of events it needs, and for data events types of which every operation has one.

    *groups* are the types of its operations: of each a trail must select one; () is that of management events.
    """
    declared = rule.block.get("prerequisite")
    declared = declared if isinstance(declared, dict) else {}
    types = {group for group in groups if group}
    kinds = {"data" if group else "management" for group in groups} or {"management"}
    said = declared.get("events", "management")
    if set(said if isinstance(said, list) else [said]) != kinds:
        yield Finding(rule.path, f"{BLOCK}.prerequisite", "prerequisite", _wanted(kinds, types))
        return
    key = f"{BLOCK}.prerequisite"
    listed = [str(name) for name in declared.get("resource_types") or ()]
    for group in sorted(types):
        if not set(group) & set(listed):
            message = f"has none of {', '.join(group)}, of which a trail must select one."
            yield Finding(rule.path, f"{key}.resource_types", "prerequisite", message)
    documented = {name for group in types for name in group}
    for name in listed:
        if types and name not in documented:
            yield Finding(rule.path, f"{key}.resource_types", "prerequisite", f"{name} records none of its operations.")
        for document in rule.documents:
            if "logsource" in document and name not in str(document["logsource"].get("definition", "")):
                message = f"does not name {name}, which the custom block asks for."
                yield Finding(rule.path, "logsource.definition", "prerequisite", message)


def _wanted(kinds: Set[str], types: Set[tuple[str, ...]]) -> str:
    if kinds == {"management"}:
        return "does not say 'events: management', and every operation of the rule is a management event."
    shown = " or ".join(sorted({name for group in types for name in group}))
    wanted = "data" if kinds == {"data"} else "[data, management]"
    return f"is missing or not 'events: {wanted}': a trail records such operations only when it selects {shown}."
