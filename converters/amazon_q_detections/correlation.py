"""A correlation as one flat description, the form that the evaluator and every target read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sigma.correlations import (
    SigmaCorrelationCondition,
    SigmaCorrelationFieldAlias,
    SigmaCorrelationRule,
    SigmaCorrelationType,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from amazon_q_detections import condition, sigma_condition
from amazon_q_detections.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from amazon_q_detections.condition import Condition

Kind = Literal[
    "event_count", "value_count", "temporal", "temporal_ordered",
    "value_sum", "value_avg", "value_percentile", "value_median",
]  # fmt: skip
Operator = Literal["lt", "lte", "gt", "gte", "eq", "neq"]


@dataclass(frozen=True, slots=True)
class Member:
    """One of the rules that a correlation counts."""

    name: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class GroupKey:
    """One group-by key: the name it has in a hit, and the field it is in each member, in their order."""

    name: str
    fields: tuple[str, ...]

    @property
    def field(self) -> str | None:
        """The field, if it is the same in every member."""
        return self.fields[0] if len(set(self.fields)) == 1 else None


@dataclass(frozen=True, slots=True)
class Correlation:
    """What docs/semantics.md says of correlations; *timespan* in seconds, both its ends inside the window.

    *field* is the counted or summed field of the value_ kinds. A temporal kind with an extended condition has it in
    *expression*; the plain ones ask for every member at least once.
    """

    kind: Kind
    members: tuple[Member, ...]
    group_by: tuple[GroupKey, ...]
    timespan: int
    op: Operator
    count: int
    field: str | None = None
    expression: SigmaExtendedCorrelationCondition | None = None

    @property
    def fields(self) -> frozenset[str]:
        """Every field that it reads."""
        tested = (field for member in self.members for field in condition.fields(member.condition))
        keys = (field for key in self.group_by for field in key.fields)
        return frozenset([*tested, *keys, *([self.field] if self.field else [])])

    def respelled(self, names: Callable[[str], Sequence[str]]) -> Correlation:
        """The same with each field under its *names*; raises Refused where a key, or what is counted, has several."""

        def only(field: str) -> str:
            found = names(field)
            if len(found) > 1:
                raise Refused(f"the field {field} as a key or counted", f"it is {' or '.join(found)}; nobody knows which.")
            return found[0]

        return replace(
            self,
            members=tuple(replace(one, condition=condition.respelled(one.condition, names)) for one in self.members),
            group_by=tuple(replace(key, fields=tuple(map(only, key.fields))) for key in self.group_by),
            field=None if self.field is None else only(self.field),
        )

    @property
    def threshold(self) -> int:
        """The least count that satisfies the condition.

        Raises Refused for conditions that a silent window satisfies: they have no meaning for a stream.
        """
        if self.op == "gte" and self.count >= 1:
            return self.count
        if self.op == "gt" and self.count >= 0:
            return self.count + 1
        raise Refused(f"the correlation condition {self.op} {self.count}", "a silent window would satisfy it.")


def of_rule(rule: SigmaCorrelationRule) -> Correlation:
    """Describe a parsed correlation whose references are resolved, after any pipeline has been applied.

    Raises Refused for correlations of correlations, a temporal condition other than that every rule occurs, a field or alias
    that has no part in the count, and an alias that is not one field in each rule.
    """
    members = []
    for reference in rule.referenced_rules:
        if isinstance(reference.rule, SigmaCorrelationRule):
            raise Refused("a correlation of correlations", f"{reference.reference} is itself a correlation.")
        members.append(Member(reference.reference, sigma_condition.of_rule(reference.rule)))
    if not members:
        raise Refused("a correlation without rules", "nothing would raise it.")
    kind = _kind(rule.type)
    expression = rule.condition if isinstance(rule.condition, SigmaExtendedCorrelationCondition) else None
    op: Operator = "gte"
    count, field = len(members), None
    if isinstance(rule.condition, SigmaCorrelationCondition):
        op, count, field = _operator(rule.condition), rule.condition.count, _field(kind, rule.condition, rule.aliases.aliases)
        if kind.startswith("temporal") and (op, count) != ("gte", len(members)):
            raise Refused(f"{kind} with {op} {count} of {len(members)} rules", f"each of them must occur: gte {len(members)}.")
    return Correlation(kind, tuple(members), _group_by(rule), rule.timespan.seconds, op, count, field, expression)


def _kind(kind: SigmaCorrelationType) -> Kind:
    name: Kind = kind.name.lower()  # type: ignore[assignment]  # the enum has exactly these names
    return name


def _operator(condition: SigmaCorrelationCondition) -> Operator:
    name: Operator = condition.op.name.lower()  # type: ignore[assignment]  # the enum has exactly these names
    return name


def _field(kind: Kind, condition: SigmaCorrelationCondition, aliases: Container[str]) -> str | None:
    """The counted or summed field, which each event has under one name."""
    fields = condition.fieldref
    if fields is None:
        return None
    if not kind.startswith("value"):
        raise Refused(f"{kind} with a field", "it counts events; value_count counts the values of a field.")
    if isinstance(fields, list):
        if len(fields) != 1:
            raise Refused("a count over several fields", "count one field.")
        (fields,) = fields
    if fields in aliases:
        raise Refused(f"{kind} over the alias {fields}", "an alias names a group-by key; count a field that all rules have.")
    return fields


def _group_by(rule: SigmaCorrelationRule) -> tuple[GroupKey, ...]:
    aliases = {alias.alias: _fields(alias, rule) for alias in rule.aliases}
    everywhere = len(rule.referenced_rules)
    return tuple(GroupKey(name, aliases.get(name) or (name,) * everywhere) for name in rule.group_by or ())


def _fields(alias: SigmaCorrelationFieldAlias, rule: SigmaCorrelationRule) -> tuple[str, ...]:
    """The field that *alias* is in each rule; it may refer to a rule by name where `rules` has its id, and the other way."""
    fields: list[str] = []
    for reference in rule.referenced_rules:
        found = [field for one, field in alias.mapping.items() if _is_of(one.reference, reference)]
        if len(found) != 1:
            reason = f"it must be one field in each rule, and is {len(found) or 'none'} in {reference.reference}."
            raise Refused(f"the alias {alias.alias}", reason)
        fields.extend(found)
    for one in alias.mapping:
        if not any(_is_of(one.reference, reference) for reference in rule.referenced_rules):
            raise Refused(
                f"the alias {alias.alias}", f"it is a field in {one.reference}, which the correlation does not count."
            )
    return tuple(fields)


def _is_of(name: str, reference: SigmaRuleReference) -> bool:
    """Whether *name* is the name or the id of the rule that *reference* leads to."""
    return name in (reference.reference, reference.rule.name) or name.lower() == str(reference.rule.id)
