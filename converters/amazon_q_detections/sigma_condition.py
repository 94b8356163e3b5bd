"""The condition tree of a rule that pySigma has parsed.

pySigma parses a rule into many value types. Here they are reduced to the few tests of `condition`, and what the contract
refuses (docs/semantics.md, "Refused everywhere") is refused by name.
"""

from __future__ import annotations

from dataclasses import replace
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

from amazon_q_detections import detection_items, log_source
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
    joined,
    merged,
    negated,
)
from amazon_q_detections.errors import Refused
from amazon_q_detections.regex import Regex

if TYPE_CHECKING:
    from sigma.rule import SigmaRule
    from sigma.types import SigmaType

    from amazon_q_detections.condition import Condition

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
            return joined(And, tuple(from_sigma(arg) for arg in node.args))
        case ConditionOR():
            return joined(Or, tuple(from_sigma(arg) for arg in node.args))
        case ConditionNOT():
            return negated(from_sigma(node.args[0]))
        case ConditionFieldEqualsValueExpression():
            return _in_selection(_leaf(node.field, node.value), _selection(node))
        case ConditionValueExpression():
            return _keyword(node.value)
    raise Refused("an empty condition", "the condition refers to no selection.")


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


def _leaf(field: str, value: SigmaType) -> Condition:
    match value:
        case SigmaNull():
            return Not(Leaf(field, Exists()))
        case SigmaExists():
            leaf = Leaf(field, Exists())
            return leaf if value.exists else Not(leaf)
        case SigmaExpansion():
            return joined(Or, tuple(_leaf(field, part) for part in value.values))
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
        return joined(Or, tuple(_keyword(part) for part in value.values))
    if isinstance(value, SigmaTimestampPart):
        raise _timestamp_part("a keyword", value)
    if isinstance(value, SigmaNumber):
        value = SigmaString(str(_number(value)))
    if not isinstance(value, SigmaString):
        raise Refused("a keyword that is no text", "bind the value to a field.")
    parts = _parts(value)
    return Keyword(Text(merged((Wild.ANY, *parts, Wild.ANY)), isinstance(value, SigmaCasedString)))


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
    return merged(tuple(parts))
