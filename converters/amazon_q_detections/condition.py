"""The condition of a rule as a small closed tree, the one form that every engine and target reads.

It has the few tests that docs/semantics.md defines. A target writes them in its own syntax and needs to know nothing else of
Sigma; `sigma_condition` makes the tree of what pySigma has parsed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from itertools import product
from typing import TYPE_CHECKING, Literal

from amazon_q_detections import casing
from amazon_q_detections.regex import Regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


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


def merged(parts: tuple[str | Wild, ...]) -> tuple[str | Wild, ...]:
    """*parts* as Text has them: literal runs side by side are one, empty ones none, and `*` after `*` is one."""
    found: list[str | Wild] = []
    for part in parts:
        last = found[-1] if found else None
        if part == "" or (part is Wild.ANY and last is Wild.ANY):
            continue
        if isinstance(part, str) and isinstance(last, str):
            found[-1] = last + part
        else:
            found.append(part)
    return tuple(found)


def joined(kind: type[And] | type[Or], args: tuple[Condition, ...]) -> Condition:
    """*args* under one *kind*, those of the same kind taken apart; a single one is itself."""
    flat: list[Condition] = []
    for arg in args:
        flat.extend(arg.args if isinstance(arg, kind) else (arg,))
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def negated(arg: Condition) -> Condition:
    """The opposite; that of a negation is what it negates."""
    return arg.arg if isinstance(arg, Not) else Not(arg)


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


def respelled(condition: Condition, names: Callable[[str], Sequence[str]]) -> Condition:
    """*condition* with each field under its *names*; a test on a field of several holds where it does under one of them."""
    match condition:
        case And() | Or():
            return joined(type(condition), tuple(respelled(arg, names) for arg in condition.args))
        case Not():
            return Not(respelled(condition.arg, names))
        case Leaf(test=SameAs() as test):
            pairs = product(names(condition.field), names(test.field))
            return joined(Or, tuple(replace(condition, field=name, test=SameAs(other)) for name, other in pairs))
        case Leaf():
            return joined(Or, tuple(replace(condition, field=name) for name in names(condition.field)))
    return condition


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


Pinned = tuple[frozenset[str] | None, ...]


def around(condition: Condition, keys: tuple[str, ...], outer: Pinned | None = None) -> Iterator[tuple[Leaf, Pinned]]:
    """Every leaf, and for each of *keys* the values, case folded, of which that field must hold one where the leaf decides.

    None where the field may have other values too.
    """
    outer = outer or (None,) * len(keys)
    match condition:
        case And():
            own = (pinned(condition, key) for key in keys)
            inner = tuple(
                one if other is None else other if one is None else one & other for one, other in zip(own, outer, strict=True)
            )
            for arg in condition.args:
                yield from around(arg, keys, inner)
        case Or():
            for arg in condition.args:
                yield from around(arg, keys, outer)
        case Not():
            yield from around(condition.arg, keys, outer)
        case Leaf():
            yield condition, outer


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return other if one is None else one if other is None else one & other


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
    return tuple(shared), tuple(joined(And, rest) for rest in rests)


def any_of(common: tuple[Condition, ...], rests: tuple[Condition, ...]) -> Condition:
    """What holds where one of the conditions does that *factored* took apart."""
    return And((*common, Or(rests))) if len(rests) > 1 else joined(And, (*common, *rests))
