"""A rule's conditions against the service models: operations, parameters, and what a trail must record."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sigma.rule import SigmaRule

from amazon_q_detections import condition, correlation, service_model, window
from amazon_q_detections.check.finding import Finding
from amazon_q_detections.condition import Boolean, Compare, Exists, Number, SameAs, Text, Wild
from amazon_q_detections.errors import Refused, did_you_mean
from amazon_q_detections.form import BLOCK

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from sigma.correlations import SigmaCorrelationRule

    from amazon_q_detections.check.finding import Severity
    from amazon_q_detections.condition import Condition
    from amazon_q_detections.rule import Rule

_SIDES: tuple[service_model.Side, ...] = ("requestParameters", "responseElements")


# Stands for the values of an unset allow-list, which nothing can be said of.
_ANY = "\ue000"


@dataclass(frozen=True)
class _Named:
    """The operations of one source that a rule names."""

    source: str
    operations: tuple[str, ...]
    severity: Severity


def findings(rule: Rule, *, builtin: bool) -> Iterator[Finding]:
    """The findings in one rule's conditions; raises ContentError when pySigma refuses the rule.

    A rule whose placeholders are unset is judged with a value that stands for any.
    """
    standing_in = dict.fromkeys(rule.unset_placeholders, (_ANY,))
    named: dict[int, list[_Named]] = {}
    for parsed in rule.with_placeholders(standing_in).collection().rules:
        try:
            with rule.blamed():
                if isinstance(parsed, SigmaRule):
                    yield from _detection(rule, parsed, named, builtin=builtin)
                else:
                    yield from _correlation(rule, parsed, named)
        except Refused as refused:
            key = "detection" if isinstance(parsed, SigmaRule) else "correlation"
            yield Finding(rule.path, key, "refused", f"{refused.construct}: {refused.reason}")
    groups = {
        service_model.data_event_types(one.source, name) for found in named.values() for one in found for name in one.operations
    }
    yield from _prerequisite(rule, {group for group in groups if group})


def _detection(rule: Rule, parsed: SigmaRule, named: dict[int, list[_Named]], *, builtin: bool) -> Iterator[Finding]:
    """Judge one condition, and keep in *named* what it names; raises Refused."""
    tree = condition.of_rule(parsed)
    place = "detection" if len(rule.documents) == 1 else f"{parsed.name or parsed.title}: detection"
    sources = condition.pinned(tree, "eventSource")
    if sources is None:
        severity: Severity = "error" if builtin else "warning"
        message = "the condition can be true without a fixed eventSource, and other services share its names."
        yield Finding(rule.path, place, "event-source", message, severity)
        return
    if builtin and "errorCode" not in condition.fields(tree):
        message = "says nothing of errorCode: `null` for an act that happened, AccessDenied for an attempt."
        yield Finding(rule.path, place, "error-code", message)
    for source in sorted(sources):
        if not service_model.known(source):
            yield from _unknown_source(rule, place, source)
            continue
        severity = "error" if source in service_model.AUTHORITATIVE else "warning"
        found = yield from _operations(rule, place, tree, source, sources, severity)
        named.setdefault(id(parsed), []).append(found)
        yield from _members(rule, place, condition.fields(tree), found)
    for leaf in condition.leaves(tree):
        if not isinstance(leaf.test, Exists) and leaf.field in _SIDES:
            message = f"is an object: {_kind(leaf.test)} on it is always false. Name a member."
            yield Finding(rule.path, f"{place}.{leaf.field}", "object-leaf", message, "warning")


def _correlation(rule: Rule, parsed: SigmaCorrelationRule, named: dict[int, list[_Named]]) -> Iterator[Finding]:
    """Judge the fields that a correlation groups by and counts, in each of its rules; raises Refused."""
    described = correlation.of_rule(parsed)
    window.maker(described)()
    for number, reference in enumerate(parsed.referenced_rules):
        keys = {key.fields[number] for key in described.group_by}
        for found in named.get(id(reference.rule), ()):
            yield from _members(rule, "correlation.group-by", keys, found)
            if described.field:
                yield from _members(rule, "correlation.condition.field", {described.field}, found)


def _unknown_source(rule: Rule, place: str, source: str) -> Iterator[Finding]:
    """A source that botocore does not have may exist, as q.amazonaws.com does, or be a slip of the pen."""
    near = get_close_matches(
        source.partition(".")[0], (one.partition(".")[0] for one in service_model.event_sources()), 1, 0.85
    )
    if near and _ANY not in source:
        message = f"{source!r} is no event source that AWS's models name. Did you mean '{near[0]}.amazonaws.com'?"
        yield Finding(rule.path, f"{place}.eventSource", "unknown-source", message, "warning")


def _operations(
    rule: Rule, place: str, tree: Condition, source: str, sources: frozenset[str], severity: Severity
) -> Generator[Finding, None, _Named]:
    """Judge the operations that a condition names, and return them."""
    known = service_model.operations(source)
    named: list[str] = []
    for text in _event_names(tree):
        found = [name for name in known if _fits(name, text)]
        named.extend(found)
        if not found and not _known_elsewhere(text, sources - {source}) and _shown(text) != _ANY:
            message = f"{source} has no operation {_shown(text)!r}. {did_you_mean(_shown(text), known)}"
            yield Finding(rule.path, f"{place}.eventName", "unknown-operation", message, severity)
    return _Named(source, tuple(named), severity)


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


def _members(rule: Rule, place: str, fields: Iterable[str], named: _Named) -> Iterator[Finding]:
    """Judge the members of requests and responses that *fields* go through."""
    if not named.operations:
        return
    for field in sorted(fields):
        for side in _SIDES:
            if not field.startswith(f"{side}."):
                continue
            path = tuple(field.split(".")[1:])
            unknown = [service_model.unknown_member(named.source, name, side, path) for name in named.operations]
            if all(unknown):
                step = str(unknown[0])
                parents = path[: path.index(step)]
                choices = [
                    one for name in named.operations for one in service_model.member_names(named.source, name, side, parents)
                ]
                message = f"{', '.join(named.operations)} has no {step!r} there. {did_you_mean(step, choices)}"
                yield Finding(rule.path, f"{place}.{field}", "unknown-parameter", message, named.severity)


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
