"""A rule's conditions against the service models: sources, operations and parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sigma.rule import SigmaRule

from amazon_q_detections import condition, correlation, service_model, sigma_condition, window
from amazon_q_detections.check import event_sources, fields, prerequisite
from amazon_q_detections.check.finding import Finding
from amazon_q_detections.condition import (
    And,
    Boolean,
    Cidr,
    Compare,
    Exists,
    Keyword,
    Leaf,
    Matches,
    Not,
    Number,
    Or,
    SameAs,
    Text,
    Wild,
)
from amazon_q_detections.errors import Refused, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from sigma.correlations import SigmaCorrelationRule

    from amazon_q_detections.check.finding import Severity
    from amazon_q_detections.condition import Condition, Test
    from amazon_q_detections.rule import Rule

_SIDES: tuple[service_model.Side, ...] = ("requestParameters", "responseElements")

# Stands for the values of an unset allow-list, which nothing can be said of.
_ANY = "\ue000"
# A pattern of more sources than these is about CloudTrail at large, and no service model can judge it.
_FEW_SOURCES = 5
_FEW_OPERATIONS = 4


@dataclass(frozen=True)
class _Judged:
    """The operations of one source on which a rule can be true, and those among them that it names."""

    source: str
    operations: tuple[str, ...]
    named: frozenset[str]
    severity: Severity

    @property
    def none_has(self) -> str:
        few = len(self.operations) <= _FEW_OPERATIONS
        return f"{', '.join(self.operations)} has no" if few else f"no operation of {self.source} that it is about has"


def findings(rule: Rule, *, builtin: bool) -> Iterator[Finding]:
    """The findings in one rule's conditions; raises ContentError when pySigma refuses the rule.

    A rule whose placeholders are unset is judged with a value that stands for any.
    """
    standing_in = dict.fromkeys(rule.unset_placeholders, (_ANY,))
    judged: dict[int, list[_Judged]] = {}
    for parsed in rule.with_placeholders(standing_in).collection().rules:
        try:
            with rule.blamed():
                if isinstance(parsed, SigmaRule):
                    yield from _detection(rule, parsed, judged, builtin=builtin)
                else:
                    yield from _correlation(rule, parsed, judged)
        except Refused as refused:
            key = "detection" if isinstance(parsed, SigmaRule) else "correlation"
            yield Finding(rule.path, key, "refused", f"{refused.construct}: {refused.reason}")
    groups = {
        service_model.data_event_types(one.source, name) for found in judged.values() for one in found for name in one.named
    }
    yield from prerequisite.findings(rule, groups)


def _detection(rule: Rule, parsed: SigmaRule, judged: dict[int, list[_Judged]], *, builtin: bool) -> Iterator[Finding]:
    """Judge one condition, and keep in *judged* what it is about; raises Refused."""
    tree = sigma_condition.of_rule(parsed)
    place = "detection" if len(rule.documents) == 1 else f"{parsed.name or parsed.title}: detection"
    yield from _fields(rule, place, tree)
    sources = condition.pinned(tree, "eventSource")
    if sources is None:
        severity: Severity = "error" if builtin else "warning"
        message = "the condition can be true without a fixed eventSource, and other services share its names."
        yield Finding(rule.path, place, "event-source", message, severity)
        sources = frozenset(one for one in service_model.event_sources() if True in _verdicts(tree, {"eventSource": one}))
        if not sources:
            message = "fits no event source that AWS's models name."
            yield Finding(rule.path, f"{place}.eventSource", "unknown-source", message, "warning")
        if len(sources) > _FEW_SOURCES:
            sources = frozenset()
    elif builtin and "errorCode" not in condition.fields(tree):
        message = "says nothing of errorCode: `null` for an act that happened, AccessDenied for an attempt."
        yield Finding(rule.path, place, "error-code", message)
    for leaf in condition.leaves(tree):
        if leaf.field == "eventSource" and isinstance(leaf.test, Text) and leaf.test.literal and _ANY not in leaf.test.literal:
            yield from event_sources.findings(rule.path, f"{place}.eventSource", leaf.test.literal)
    for source in sorted(sources):
        if service_model.known(source):
            found = yield from _operations(rule, place, tree, source, sources)
            judged.setdefault(id(parsed), []).append(found)
            yield from _members(rule, place, condition.fields(tree), found)


def _fields(rule: Rule, place: str, tree: Condition) -> Iterator[Finding]:
    for field in condition.fields(tree):
        yield from fields.findings(rule.path, f"{place}.{field}", field)
    for leaf in condition.leaves(tree):
        if not isinstance(leaf.test, Exists) and fields.is_object(leaf.field):
            message = f"is an object: {_kind(leaf.test)} on it is always false. Name a member."
            yield Finding(rule.path, f"{place}.{leaf.field}", "object-leaf", message, "warning")


def _correlation(rule: Rule, parsed: SigmaCorrelationRule, judged: dict[int, list[_Judged]]) -> Iterator[Finding]:
    """Judge the fields that a correlation groups by and counts, in each of its rules; raises Refused."""
    described = correlation.of_rule(parsed)
    window.maker(described)()
    counted = {described.field} if described.field else set()
    for number, reference in enumerate(parsed.referenced_rules):
        keys = {key.fields[number] for key in described.group_by}
        for place, names in (("correlation.group-by", keys), ("correlation.condition.field", counted)):
            for name in names:
                yield from fields.findings(rule.path, f"{place}.{name}", name)
            for found in judged.get(id(reference.rule), ()):
                yield from _members(rule, place, names, found)


def _operations(
    rule: Rule, place: str, tree: Condition, source: str, sources: frozenset[str]
) -> Generator[Finding, None, _Judged]:
    """Judge the operations that a condition names, and return those that it is about."""
    known = service_model.operations(source)
    severity = event_sources.severity(source)
    possible = tuple(one for one in known if True in _verdicts(tree, {"eventSource": source, "eventName": one}))
    named: set[str] = set()
    for leaf in condition.leaves(tree):
        if leaf.field == "eventName" and not isinstance(leaf.test, (Exists, SameAs)) and _shown(leaf.test) != _ANY:
            named |= {one for one in possible if _fits(one, leaf.test)}
            for code, message in _misnamed(leaf.test, source, sources):
                yield Finding(rule.path, f"{place}.eventName", code, message, severity)
    return _Judged(source, possible, frozenset(named), severity)


def _misnamed(test: Test, source: str, sources: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a test on eventName: no operation of *sources* fits it, or one does in another case only."""
    everywhere = [name for one in sources for name in service_model.operations(one)]
    if any(_fits(name, _cased(test)) for name in everywhere):
        return
    loosely = [name for name in service_model.operations(source) if _fits(name, _cased(test, False))]
    if loosely:
        message = f"{_shown(test)!r}: AWS spells it {loosely[0]!r}, and CloudWatch heeds the case."
        yield "spelling", message
    elif not any(_fits(name, test) for name in everywhere):
        mend = did_you_mean(_shown(test), service_model.operations(source))
        yield "unknown-operation", f"{source} has no operation {_shown(test)!r}. {mend}".strip()


def _cased(test: Test, cased: bool = True) -> Test:
    return replace(test, cased=cased) if isinstance(test, Text) else test


def _shown(test: Test) -> str:
    match test:
        case Text():
            return "".join(part.value if isinstance(part, Wild) else part for part in test.parts)
        case Matches():
            return test.regex.pattern
        case Number() | Boolean() | Compare():
            return str(test.value)
        case Cidr():
            return str(test.network)
    return str(test)


def _verdicts(tree: Condition, values: Mapping[str, str]) -> frozenset[bool]:
    """The verdicts that *tree* can give on a record with these values, whatever its other fields hold."""
    match tree:
        case Leaf(field=field, test=test) if field in values and not isinstance(test, SameAs):
            return frozenset({_fits(values[field], test)})
        case Not():
            return frozenset(not verdict for verdict in _verdicts(tree.arg, values))
        case And() | Or():
            every = [_verdicts(arg, values) for arg in tree.args]
            one_decides = isinstance(tree, Or)
            found = {one_decides} if any(one_decides in verdicts for verdicts in every) else set()
            all_agree = all((not one_decides) in verdicts for verdicts in every)
            return frozenset(found | {not one_decides} if all_agree else found)
        case Leaf() | Keyword():
            return frozenset({True, False})


def _fits(value: str, test: Test) -> bool:
    """Whether a name that is there passes a test."""
    match test:
        case Exists():
            return True
        case Text():
            pattern = "".join(part.value if isinstance(part, Wild) else part.replace("[", "[[]") for part in test.parts)
            if _ANY in pattern:
                return True
            return fnmatchcase(value, pattern) if test.cased else fnmatchcase(value.lower(), pattern.lower())
        case Matches():
            return test.regex.search(value)
    return False


def _members(rule: Rule, place: str, names: Iterable[str], judged: _Judged) -> Iterator[Finding]:
    """Judge the members of requests and responses that the fields *names* go through."""
    for name in sorted(names):
        side, _, rest = name.partition(".")
        if rest and side in _SIDES and judged.operations:
            yield from _member(rule, f"{place}.{name}", side, tuple(rest.split(".")), judged)


def _member(rule: Rule, place: str, side: service_model.Side, path: tuple[str, ...], judged: _Judged) -> Iterator[Finding]:
    unknown = [service_model.unknown_member(judged.source, name, side, path) for name in judged.operations]
    missed = [step for step in unknown if step is not None]
    if len(missed) < len(unknown):
        return
    step = max(missed, key=path.index)
    parents = path[: path.index(step)]
    choices = [one for name in judged.operations for one in service_model.member_names(judged.source, name, side, parents)]
    message = f"{judged.none_has} {step!r} there. {did_you_mean(step, choices)}"
    yield Finding(rule.path, place, "unknown-parameter", message, judged.severity)


def _kind(test: condition.Test) -> str:
    return "a comparison" if isinstance(test, (Number, Compare, Boolean, SameAs)) else "a string test"
