"""The condition of a rule as a small closed tree, the one form that every engine and target reads.

pySigma parses a rule into many value types; this module reduces them to the few tests that docs/semantics.md defines, and
refuses by name what the contract refuses. A target writes these tests in its own syntax and needs to know nothing else of
Sigma.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Literal

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from amazon_q_detections import casing, detection_items, log_source
from amazon_q_detections.errors import Refused
from amazon_q_detections.regex import Regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sigma.rule import SigmaRule
    from sigma.types import SigmaType


class Wild(Enum):
    """The two wildcards of a Sigma string."""

    ANY = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Text:
    """The whole text form of a scalar fits *parts*: literal runs and wildcards; case counts if *cased*.

    Two literal runs never stand side by side, nor do two `*`; () is the empty string.
    """

    parts: tuple[str | Wild, ...]
    cased: bool = False

    @property
    def literal(self) -> str | None:
        """The exact value if there is no wildcard in it, else None."""
        if not self.parts:
            return ""
        first = self.parts[0]
        return first if len(self.parts) == 1 and isinstance(first, str) else None

    @property
    def prefix(self) -> str | None:
        """The literal before a single trailing `*`, else None."""
        if len(self.parts) == 2 and self.parts[1] is Wild.ANY and isinstance(self.parts[0], str):
            return self.parts[0]
        return None

    def fits(self, value: str) -> bool:
        """Whether a short ASCII *value*, such as a word that a log schema writes, fits."""
        if sum(len(part) for part in self.parts if isinstance(part, str)) > len(value):
            return False  # as nearly all texts are too long, which spares an expression
        wild = {Wild.ANY: ".*", Wild.ONE: "."}
        pattern = "".join(wild[part] if isinstance(part, Wild) else re.escape(part) for part in self.parts)
        return re.fullmatch(pattern, value, re.DOTALL | (0 if self.cased else re.IGNORECASE)) is not None


@dataclass(frozen=True, slots=True)
class Number:
    """The scalar is a number, or a string that spells one, of this value."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Boolean:
    """The scalar's text form is `true` (or `false`): a JSON boolean or a string in any case."""

    value: bool


@dataclass(frozen=True, slots=True)
class Exists:
    """The path reaches a value that is not null; `{}`, `[]` and `""` are values."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The regular expression is found anywhere in the scalar's text form."""

    regex: Regex


@dataclass(frozen=True, slots=True)
class Cidr:
    """The scalar is an IP address inside the network; false for anything that is no address."""

    network: IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Compare:
    """The scalar is a number that stands in this relation to *value*."""

    op: Literal["<", "<=", ">", ">="]
    value: int | float


@dataclass(frozen=True, slots=True)
class SameAs:
    """The scalar equals, case folded, any scalar of another field of the record."""

    field: str


Test = Text | Number | Boolean | Exists | Matches | Cidr | Compare | SameAs


@dataclass(frozen=True, slots=True)
class Leaf:
    """One test on one field; *selection* is the name of the rule's part that it stands in, which decides nothing."""

    field: str
    test: Test
    selection: str = attribute(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Keyword:
    """The text occurs in any string value of the record."""

    text: Text


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    args: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    args: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold, which is so too where its field is absent."""

    arg: Condition


Condition = And | Or | Not | Leaf | Keyword

_COMPARE: dict[CompareOperators, Literal["<", "<=", ">", ">="]] = {
    CompareOperators.LT: "<",
    CompareOperators.LTE: "<=",
    CompareOperators.GT: ">",
    CompareOperators.GTE: ">=",
}


def of_rule(rule: SigmaRule) -> Condition:
    """The condition of a parsed rule, after whatever pipeline has been applied to it.

    Raises Refused for what the contract refuses: another log source, several conditions, unresolved placeholders, parts of a
    timestamp, a field reference with a string modifier, and what detection_items.prepare refuses.
    """
    said = {key: getattr(rule.logsource, key) for key in ("category", "product", "service")}
    if key := log_source.foreign(said):
        raise Refused(f"the log source {key} {said[key]!r}", log_source.MEND)
    conditions = rule.detection.parsed_condition
    if len(conditions) != 1:
        raise Refused("a list of conditions", "write one rule for each, or join them with 'or'.")
    detection_items.prepare(rule)
    return from_sigma(conditions[0].parsed)


def from_sigma(node: object) -> Condition:
    """Translate a postprocessed pySigma condition tree."""
    match node:
        case ConditionAND():
            return _joined(And, tuple(from_sigma(arg) for arg in node.args))
        case ConditionOR():
            return _joined(Or, tuple(from_sigma(arg) for arg in node.args))
        case ConditionNOT():
            return _negated(from_sigma(node.args[0]))
        case ConditionFieldEqualsValueExpression():
            return _in_selection(_leaf(node.field, node.value), _selection(node))
        case ConditionValueExpression():
            return _keyword(node.value)
    raise Refused("an empty condition", "the condition refers to no selection.")


def _joined(kind: type[And] | type[Or], args: tuple[Condition, ...]) -> Condition:
    flat: list[Condition] = []
    for arg in args:
        flat.extend(arg.args if isinstance(arg, kind) else (arg,))
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def _selection(node: ConditionFieldEqualsValueExpression) -> str:
    """The name of the selection that pySigma took *node* from; empty for one that a pipeline made up, `_` and a random rest."""
    names = (one.identifier for one in node.parent_chain() if isinstance(one, ConditionIdentifier))
    return next((name for name in names if not name.startswith("_")), "")


def _in_selection(condition: Condition, name: str) -> Condition:
    match condition:
        case Leaf():
            return replace(condition, selection=name)
        case Not():
            return Not(_in_selection(condition.arg, name))
        case And() | Or():
            return type(condition)(tuple(_in_selection(arg, name) for arg in condition.args))
    return condition


def _negated(arg: Condition) -> Condition:
    return arg.arg if isinstance(arg, Not) else Not(arg)


def _leaf(field: str, value: SigmaType) -> Condition:
    match value:
        case SigmaNull():
            return Not(Leaf(field, Exists()))
        case SigmaExists():
            leaf = Leaf(field, Exists())
            return leaf if value.exists else Not(leaf)
        case SigmaExpansion():
            return _joined(Or, tuple(_leaf(field, part) for part in value.values))
        case SigmaTimestampPart():
            raise _timestamp_part(field, value)
        case SigmaString():
            return Leaf(field, _text_test(value))
        case SigmaNumber():
            return Leaf(field, Number(_number(value)))
        case SigmaBool():
            return Leaf(field, Boolean(value.boolean))
        case SigmaRegularExpression():
            return Leaf(field, Matches(_regex(value)))
        case SigmaCIDRExpression():
            if "%" in value.cidr:
                raise Refused(f"the network {value.cidr}", "an address with a zone is in no network; leave the zone out.")
            return Leaf(field, Cidr(value.network))
        case SigmaCompareExpression():
            if isinstance(value.number, SigmaTimestampPart):
                raise _timestamp_part(field, value.number)
            if value.op not in _COMPARE:
                raise Refused(f"the comparison {value.op.name.lower()}", f"use 'not' on {field} instead.")
            return Leaf(field, Compare(_COMPARE[value.op], _number(value.number)))
        case SigmaFieldReference():
            if value.starts_with or value.ends_with:
                raise Refused("fieldref with a string modifier", f"{field} can only be compared as a whole.")
            return Leaf(field, SameAs(value.field))
    raise Refused(f"a value of type {type(value).__name__}", f"{field} cannot be compared with it.")


def _timestamp_part(field: str, value: SigmaTimestampPart) -> Refused:
    return Refused("a part of a timestamp", f"{field} is compared with {value.timestamp_part.name.lower()}.")


def _number(value: SigmaNumber) -> int | float:
    """Its number; pySigma has a whole one as a float only where the float is another number."""
    number: int | float = value.number
    if isinstance(number, float) and number.is_integer():
        raise Refused(f"a whole number near {number:.0f}", "pySigma takes it for that one; quote it.")
    return number


def _keyword(value: SigmaType) -> Condition:
    if isinstance(value, SigmaExpansion):
        return _joined(Or, tuple(_keyword(part) for part in value.values))
    if isinstance(value, SigmaTimestampPart):
        raise _timestamp_part("a keyword", value)
    if isinstance(value, SigmaNumber):
        value = SigmaString(str(_number(value)))
    if not isinstance(value, SigmaString):
        raise Refused("a keyword that is no text", "bind the value to a field.")
    parts = _parts(value)
    return Keyword(Text(_merged((Wild.ANY, *parts, Wild.ANY)), isinstance(value, SigmaCasedString)))


def _text_test(value: SigmaString) -> Text | Boolean:
    text = Text(_parts(value), isinstance(value, SigmaCasedString))
    if not text.cased and text.literal is not None and text.literal.lower() in ("true", "false"):
        return Boolean(text.literal.lower() == "true")
    return text


def _regex(value: SigmaRegularExpression) -> Regex:
    if not isinstance(value.regexp, SigmaString):  # pySigma hands on a number, a boolean or null as it stands in the rule
        raise Refused(f"the regular expression {value.regexp}", "it is no text; put it in quotes.")
    if value.contains_placeholder():
        raise Refused("an unresolved placeholder", "set it in the placeholder file.")
    return Regex.parse(str(value.regexp), frozenset(value.sigma_to_re_flag[flag] for flag in value.flags))


def _parts(value: SigmaString) -> tuple[str | Wild, ...]:
    parts: list[str | Wild] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            raise Refused("an unresolved placeholder", f"%{part.name}% has no values; set it in the placeholder file.")
        if isinstance(part, SpecialChars):
            parts.append(Wild.ANY if part is SpecialChars.WILDCARD_MULTI else Wild.ONE)
        else:
            parts.append(part)
    return _merged(tuple(parts))


def _merged(parts: tuple[str | Wild, ...]) -> tuple[str | Wild, ...]:
    merged: list[str | Wild] = []
    for part in parts:
        last = merged[-1] if merged else None
        if part == "" or (part is Wild.ANY and last is Wild.ANY):
            continue
        if isinstance(part, str) and isinstance(last, str):
            merged[-1] = last + part
        else:
            merged.append(part)
    return tuple(merged)


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every leaf of the tree, left to right."""
    match condition:
        case And() | Or():
            for arg in condition.args:
                yield from leaves(arg)
        case Not():
            yield from leaves(condition.arg)
        case Leaf():
            yield condition


def fields(condition: Condition) -> set[str]:
    """Every field the condition reads, the far side of a field reference included."""
    found = set()
    for leaf in leaves(condition):
        found.add(leaf.field)
        if isinstance(leaf.test, SameAs):
            found.add(leaf.test.field)
    return found


def pinned(condition: Condition, field: str) -> frozenset[str] | None:
    """The literal values, case folded, of which *field* must hold one for the condition to be true.

    None when the condition can be true with other values too, or without the field.
    """
    match condition:
        case Leaf(field=name, test=Text() as text) if name == field and text.literal is not None:
            return frozenset({casing.fold(text.literal)})
        case And():
            found = [values for arg in condition.args if (values := pinned(arg, field)) is not None]
            return frozenset.intersection(*found) if found else None
        case Or():
            every = [pinned(arg, field) for arg in condition.args]
            known = [values for values in every if values is not None]
            return frozenset().union(*known) if len(known) == len(every) else None
    return None


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """The parts of which all must hold."""
    return condition.args if isinstance(condition, And) else (condition,)


def factored(conditions: tuple[Condition, ...]) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """The conjuncts that all *conditions* share, and what is left of each: together they are the condition again.

    Where nothing would be left of one, nothing is taken out.
    """
    shared = [part for part in conjuncts(conditions[0]) if all(part in conjuncts(other) for other in conditions[1:])]
    rests = [tuple(part for part in conjuncts(one) if part not in shared) for one in conditions]
    if not shared or not all(rests):
        return (), conditions
    return tuple(shared), tuple(_joined(And, rest) for rest in rests)


def any_of(common: tuple[Condition, ...], rests: tuple[Condition, ...]) -> Condition:
    """What holds where one of the conditions does that *factored* took apart."""
    return And((*common, Or(rests))) if len(rests) > 1 else _joined(And, (*common, *rests))
