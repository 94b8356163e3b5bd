"""A rule's conditions against the service models: operations, parameters, and what a trail must record."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sigma.rule import SigmaRule

from amazon_q_detections import condition, service_model
from amazon_q_detections.check.finding import Finding
from amazon_q_detections.condition import Boolean, Compare, Exists, Number, SameAs, Text, Wild
from amazon_q_detections.errors import Refused, did_you_mean
from amazon_q_detections.rule import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_q_detections.check.finding import Severity
    from amazon_q_detections.condition import Condition
    from amazon_q_detections.rule import Rule

_SIDES: tuple[service_model.Side, ...] = ("requestParameters", "responseElements")


def findings(rule: Rule, *, builtin: bool) -> Iterator[Finding]:
    """The findings in one rule's conditions; raises ContentError when pySigma refuses the rule.

    A rule whose placeholders are unset is judged with a value that stands for any.
    """
    standing_in = dict.fromkeys(rule.unset_placeholders, ("placeholder",))
    types: set[tuple[str, ...]] = set()
    for parsed in rule.with_placeholders(standing_in).collection().rules:
        if not isinstance(parsed, SigmaRule):
            continue
        try:
            with rule.blamed():
                tree = condition.of_rule(parsed)
        except Refused as refused:
            yield Finding(rule.path, "detection", "refused", f"{refused.construct}: {refused.reason}")
            continue
        sources = condition.pinned(tree, "eventSource")
        if sources is None:
            severity: Severity = "error" if builtin else "warning"
            message = "the condition can be true without a fixed eventSource, and other services share its names."
            yield Finding(rule.path, "detection", "event-source", message, severity)
            continue
        if builtin and "errorCode" not in condition.fields(tree):
            message = "says nothing of errorCode: `null` for an act that happened, AccessDenied for an attempt."
            yield Finding(rule.path, "detection", "error-code", message)
        yield from _judged(rule, parsed, tree, sources, types)
    yield from _prerequisite(rule, types)


def _judged(
    rule: Rule, parsed: SigmaRule, tree: Condition, sources: frozenset[str], types: set[tuple[str, ...]]
) -> Iterator[Finding]:
    """Judge the operations and members of one condition, and add to *types* what its data events need."""
    place = "detection" if len(rule.documents) == 1 else f"{parsed.name or parsed.title}: detection"
    for source in sorted(sources):
        known = service_model.operations(source)
        if not known:
            continue
        severity: Severity = "error" if source in service_model.AUTHORITATIVE else "warning"
        named: list[str] = []
        for text in _event_names(tree):
            found = [name for name in known if _fits(name, text)]
            named.extend(found)
            if not found and not _known_elsewhere(text, sources - {source}):
                message = f"{source} has no operation {_shown(text)!r}. {did_you_mean(_shown(text), known)}"
                yield Finding(rule.path, f"{place}.eventName", "unknown-operation", message, severity)
        types.update(filter(None, (service_model.data_event_types(source, name) for name in named)))
        yield from _members(rule, place, tree, source, tuple(named), severity)


def _event_names(tree: Condition) -> list[Text]:
    tests = (leaf.test for leaf in condition.leaves(tree) if leaf.field == "eventName")
    return [test for test in tests if isinstance(test, Text)]


def _known_elsewhere(text: Text, sources: frozenset[str]) -> bool:
    return any(_fits(name, text) for source in sources for name in service_model.operations(source))


def _shown(text: Text) -> str:
    return "".join(part.value if isinstance(part, Wild) else part for part in text.parts)


def _fits(name: str, text: Text) -> bool:
    pattern = "".join(part.value if isinstance(part, Wild) else part.replace("[", "[[]") for part in text.parts)
    return fnmatchcase(name.lower(), pattern.lower())


def _members(
    rule: Rule, place: str, tree: Condition, source: str, named: tuple[str, ...], severity: Severity
) -> Iterator[Finding]:
    for field in sorted(condition.fields(tree)):
        for side in _SIDES:
            if not named or not field.startswith(f"{side}."):
                continue
            path = tuple(field.split(".")[1:])
            unknown = [service_model.unknown_member(source, name, side, path) for name in named]
            if all(unknown):
                step = str(unknown[0])
                parents = path[: path.index(step)]
                choices = [one for name in named for one in service_model.member_names(source, name, side, parents)]
                message = f"{', '.join(named)} has no {step!r} there. {did_you_mean(step, choices)}"
                yield Finding(rule.path, f"{place}.{field}", "unknown-parameter", message, severity)
    for leaf in condition.leaves(tree):
        if not isinstance(leaf.test, Exists) and leaf.field in _SIDES:
            message = f"is an object: {_kind(leaf.test)} on it is always false. Name a member."
            yield Finding(rule.path, f"{place}.{leaf.field}", "object-leaf", message, "warning")


def _kind(test: condition.Test) -> str:
    return "a comparison" if isinstance(test, (Number, Compare, Boolean, SameAs)) else "a string test"


def _prerequisite(rule: Rule, types: set[tuple[str, ...]]) -> Iterator[Finding]:
    """A rule on data events says so, with types of which every operation has one, in the block and in words."""
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
