"""The group-by keys of a correlation: the commands after which an event is a row for each group that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import values
from amazon_q_detections.targets.splunk.query import exact
from amazon_q_detections.targets.splunk.values import Value

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.correlation import Correlation, GroupKey
    from amazon_q_detections.targets.splunk.leaves import Leaves


@dataclass(frozen=True)
class Keys:
    """The keys by plain names, `q_g1` and so on, with the names that they are shown by.

    One key may be another field in each rule, whose values are in *by_rule*: an event is in a group for each rule that it
    matches, once if they agree. Its field is None.
    """

    shown: tuple[tuple[str, str], ...]
    keys: tuple[Value, ...]
    fields: tuple[str | None, ...]
    by_rule: tuple[Value, ...]

    @classmethod
    def of(cls, correlation: Correlation, leaves: Leaves, rests: Sequence[Condition], *, taken: Container[str]) -> Keys:
        """The keys of *correlation*, whose rules are told apart by *rests*; raises Refused for a name that is *taken*."""
        shown: list[tuple[str, str]] = []
        keys: list[Value] = []
        by_rule: list[Value] = []
        for number, key in enumerate(correlation.group_by, 1):
            name, own = f"q_g{number}", key.field or key.name
            if own in taken:
                raise Refused(f"the group-by key {own}", "the result has a column of this name.")
            if key.field is None and by_rule:
                raise Refused(f"a second alias, {key.name}", "a search has one alias over different fields.")
            if key.field is None:
                by_rule = _by_rule(key, leaves, rests)
                keys.append(Value(name, f"mvdedup(mvappend({', '.join(one.name for one in by_rule)}))"))
            else:
                keys.append(_key(leaves, key.field, name))
            shown.append((name, own))
        if keys:
            leaves.assumptions.add("by_case")
        return cls(tuple(shown), tuple(keys), tuple(key.field for key in correlation.group_by), tuple(by_rule))

    def commands(self, more: Sequence[Value]) -> list[str]:
        """The commands that leave the time, the keys and *more* of each event in each of its groups."""
        # The values by rule are assigned first, and by themselves: others are made of them.
        assigned = [*self.keys, *more]
        present = [f"isnotnull({key.name})" for key in self.keys]
        kept = ["_time", *(one.name for one in (*self.by_rule, *assigned))]
        commands = [
            *_evaluated(self.by_rule),
            *_evaluated(assigned),
            *(f"where {' AND '.join(present)}" for _ in present[:1]),
            f"fields {' '.join(kept)}",
            "fields - _raw",  # which `fields` alone would keep
        ]
        for key, field in zip(self.keys, self.fields, strict=True):
            if field is None:
                commands.extend([f"mvexpand {key.name}", *self._told_apart(key.name, more)])
            elif "{}" in field:
                commands.extend(values.expanded(field, key.name))
        return commands

    def _told_apart(self, name: str, more: Sequence[Value]) -> list[str]:
        """In a group an event counts for those rules only by whose field it is there."""
        marks = [one for one in more if one.name.removeprefix("q_t").isdigit()]
        same = [
            Value(mark.name, f'if(("s".{own.name})=("s".{name}), {mark.name}, null())')
            for mark, own in zip(marks, self.by_rule, strict=False)
        ]
        return _evaluated(same)


def _evaluated(assigned: Sequence[Value]) -> list[str]:
    return [f"eval {', '.join(f'{one.name}={one.expression}' for one in assigned)}"] if assigned else []


def _key(leaves: Leaves, field: str, name: str) -> Value:
    _, mark, rest = field.partition("{}")
    if rest:
        raise Refused(f"a group-by key over the array {field}", "an event could be in one group twice.")
    value = values.of(leaves, field, name)
    return Value(name, f"mvdedup({value.expression})") if mark else value


def _by_rule(key: GroupKey, leaves: Leaves, rests: Sequence[Condition]) -> list[Value]:
    found = []
    for number, (field, rest) in enumerate(zip(key.fields, rests, strict=True), 1):
        if "{}" in field:
            raise Refused(f"the alias {key.name} over the array {field}", "an event could be in one group twice.")
        value = values.single(leaves, field, f"q_k{number}")
        found.append(Value(value.name, f"if({exact(rest, leaves)}, {value.expression}, null())"))
    return found
