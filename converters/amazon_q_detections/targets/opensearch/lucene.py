"""Conditions as Lucene text, for people in Dashboards (OpenSearch documentation, "Query string query")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections import numeral
from amazon_q_detections.condition import (
    And,
    Boolean,
    Cidr,
    Compare,
    Condition,
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
    leaves,
)
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import dsl, java_text, keywords, network, regexp, wildcard

if TYPE_CHECKING:
    from amazon_q_detections.targets.opensearch.fields import Schema
    from amazon_q_detections.targets.opensearch.regexp import Pattern

# The signs of the language, and what its parser takes for white space.
_SPECIAL = frozenset('+-=&|!(){}[]^"~*?:\\/<> \t\n\r\u3000')
_TOO_LONG = "Lucene text cannot search a text this long for it; the DSL can."
# Node setting `search.query.max_query_string_length`, from OpenSearch 3 on.
_LONGEST = 32_000


class Writer:
    """Writes conditions for one index template; see dsl.Writer."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def text(self, condition: Condition) -> str:
        """The condition as a query; raises Refused for what has no text form."""
        found = sum(2 if isinstance(leaf.test, Cidr | Compare) else 1 for leaf in leaves(condition))
        if found > dsl.MOST_CLAUSES:
            raise Refused(f"a text of {found} clauses", f"OpenSearch takes some more than {dsl.MOST_CLAUSES}.")
        text = self._expression(condition, nested=False)
        if java_text.length(text) > _LONGEST:
            raise Refused(f"a text of {java_text.length(text)} characters", f"OpenSearch takes {_LONGEST}.")
        return text

    def _expression(self, condition: Condition, *, nested: bool = True) -> str:
        match condition:
            case Leaf():
                return self._leaf(condition)
            case Not():
                text = f"NOT {self._expression(condition.arg)}"
                # `a OR NOT b` is read as `a AND NOT b` without the parentheses, which an AND does not need.
                return f"({text})" if nested else text
            case And():
                text = " AND ".join(self._expression(arg, nested=not isinstance(arg, Not)) for arg in condition.args)
                return f"({text})" if nested else text
            case Or():
                options = self._options(condition)
                return options[0] if len(options) == 1 else f"({' OR '.join(options)})"
            case Keyword():
                return f'{keywords.name(condition.text)}:"y"'

    def _options(self, condition: Or) -> list[str]:
        values, others = self._schema.alternatives(condition)
        options = [self._expression(other) for other in others]
        for field, texts in values.items():
            quoted = " OR ".join(_quoted(text) for text in texts)
            options.append(f"{field}:({quoted})" if len(texts) > 1 else f"{field}:{quoted}")
        return options

    def _leaf(self, leaf: Leaf) -> str:
        field = self._schema.checked(leaf.field)
        match leaf.test:
            case Exists():
                presence = self._schema.presence(field)
                return f'{presence}:"y"' if presence else f"_exists_:{field}"
            case Text():
                return self._text(field, leaf.test)
            case Boolean():
                return f'{field}:"{"true" if leaf.test.value else "false"}"'
            case Number():
                return f"{field}:/{dsl.number_pattern(leaf.test.value)}/"
            case Compare():
                return f"{field}.n:{leaf.test.op}{_plain(dsl.bound(leaf.test))}"
            case Cidr():
                return _inside(f"{field}.ip", leaf.test)
            case SameAs():
                raise Refused("a field reference", "Lucene text cannot compare two fields.")
            case Matches():
                return self._regex(field, regexp.pattern(leaf.test.regex))
        raise Refused(f"a test of type {type(leaf.test).__name__.lower()}", f"{field} cannot be tested so.")

    def _text(self, field: str, text: Text) -> str:
        if self._schema.in_wildcard_field(field, text):
            raise Refused(f"a pattern on {field}", _TOO_LONG)
        own = self._schema.of_text(field, text)
        if text.literal is not None:
            return f"{own}:{_quoted(text.literal)}"
        parts = wildcard.checked(text).parts
        return f"{own}:" + "".join(part.value if isinstance(part, Wild) else _escaped(part) for part in parts)

    def _regex(self, field: str, found: Pattern) -> str:
        if self._schema.in_wildcard_field(field, found):
            raise Refused(f"a pattern on {field}", _TOO_LONG)
        own = self._schema.of_pattern(field, found)
        if found.literal is not None:
            return f"{own}:{_quoted(found.literal)}"
        pattern = found.text.replace("/", "\\/")
        # A backslash at the end would keep the slash behind it from ending the pattern.
        return f"{own}:/({pattern})/" if pattern.endswith("\\") else f"{own}:/{pattern}/"


def _plain(number: float) -> str:
    """A number without an exponent, its sign escaped since it is one of the language's too."""
    written = "-0.0" if str(number) == "-0.0" else numeral.plain(number)
    return written.replace("-", r"\-")


def _inside(field: str, test: Cidr) -> str:
    parts = [f'["{first}" TO "{last}"]' for first, last in network.ranges(test.network)]
    if not parts:
        return f'{field}:"{test.network}"'
    return f"{field}:{parts[0]}" if len(parts) == 1 else f"{field}:({' OR '.join(parts)})"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)
