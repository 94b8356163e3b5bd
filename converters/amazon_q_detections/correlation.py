"""A correlation as one flat description, the form that the evaluator and every target read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sigma.correlations import (
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaCorrelationType,
    SigmaExtendedCorrelationCondition,
)

from amazon_q_detections import condition
from amazon_q_detections.errors import Refused

if TYPE_CHECKING:
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

    Raises Refused for correlations of correlations and for a temporal condition that counts fewer rules.
    """
    members = []
    for reference in rule.referenced_rules:
        if isinstance(reference.rule, SigmaCorrelationRule):
            raise Refused("a correlation of correlations", f"{reference.reference} is itself a correlation.")
        members.append(Member(reference.reference, condition.of_rule(reference.rule)))
    kind = _kind(rule.type)
    expression = rule.condition if isinstance(rule.condition, SigmaExtendedCorrelationCondition) else None
    op: Operator = "gte"
    count, field = len(members), None
    if isinstance(rule.condition, SigmaCorrelationCondition):
        op, count, field = _operator(rule.condition), rule.condition.count, _field(rule.condition)
        if kind.startswith("temporal") and (op, count) not in (("gte", len(members)), ("eq", len(members))):
            raise Refused(f"{kind} with {op} {count} of {len(members)} rules", "every referenced rule must occur.")
        if kind.startswith("temporal"):
            op, count = "gte", len(members)
    return Correlation(kind, tuple(members), _group_by(rule), rule.timespan.seconds, op, count, field, expression)


def _kind(kind: SigmaCorrelationType) -> Kind:
    name: Kind = kind.name.lower()  # type: ignore[assignment]  # the enum has exactly these names
    return name


def _operator(condition: SigmaCorrelationCondition) -> Operator:
    name: Operator = condition.op.name.lower()  # type: ignore[assignment]  # the enum has exactly these names
    return name


def _field(condition: SigmaCorrelationCondition) -> str | None:
    if isinstance(condition.fieldref, list):
        if len(condition.fieldref) != 1:
            raise Refused("a count over several fields", "count one field.")
        return condition.fieldref[0]
    return condition.fieldref


def _group_by(rule: SigmaCorrelationRule) -> tuple[GroupKey, ...]:
    keys = []
    for name in rule.group_by or ():
        alias = rule.aliases.aliases.get(name)
        mapping = {ref.reference: field for ref, field in alias.mapping.items()} if alias else {}
        fields = tuple(mapping.get(reference.reference, name) for reference in rule.referenced_rules)
        keys.append(GroupKey(name, fields))
    return tuple(keys)
