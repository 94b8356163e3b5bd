"""What a trail must record for a rule, as the rule says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections.check.finding import Finding
from amazon_q_detections.form import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from amazon_q_detections.rule import Rule


def findings(rule: Rule, types: Set[tuple[str, ...]]) -> Iterator[Finding]:
    """A rule on data events says so, with types of which every operation has one, in the block and in words.

    *types* are those of its operations: of each group a trail must select one; there is none for management events.
    """
    declared = rule.block.get("prerequisite")
    declared = declared if isinstance(declared, dict) else {}
    wanted = "data" if types else "management"
    key = f"{BLOCK}.prerequisite"
    if declared.get("events") not in (("data",) if types else (None, "management")):
        if types:
            shown = " or ".join(sorted({name for group in types for name in group}))
            message = f"is missing or not 'events: data': a trail records these operations only when it selects {shown}."
        else:
            message = f"says {declared.get('events')!r}, and every operation of the rule is a {wanted} event."
        yield Finding(rule.path, key, "prerequisite", message)
        return
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
