"""A condition as a `search` with plain terms, and one `where` for what plain terms cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_q_detections.condition import And, Condition, Exists, Keyword, Leaf, Not, Or, Text, conjuncts
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amazon_q_detections.targets.splunk.leaves import Leaves

_INDENT = "\n    "
_BREAK = f"{_INDENT}    "
# The longest line on which alternatives stand side by side.
_LONGEST = 120


@dataclass(frozen=True)
class Selection:
    """Search terms that are true on all wanted events, and the expressions that are true on no others."""

    terms: tuple[str, ...]
    expressions: tuple[str, ...]

    @property
    def commands(self) -> tuple[str, ...]:
        """The first commands of a pipeline."""
        search = "".join(f"{_INDENT if _BREAK in term else ' '}{term}" for term in self.terms).strip() or "*"
        if len(self.expressions) == 1:
            only = self.expressions[0]
            return search, f"where {only[1:-1] if only.startswith('(') else only}"
        return (search, f"where {f'{_INDENT}AND '.join(self.expressions)}") if self.expressions else (search,)


def select(condition: Condition, leaves: Leaves) -> Selection:
    """Split *condition* into plain terms and one exact `where`; raises Refused for what neither can say."""
    terms: list[str] = []
    expressions: list[str] = []
    for part in conjuncts(condition):
        plain = _plain(part, leaves)
        if plain is None:
            expressions.append(_laid_out(part, leaves))
            plain = _necessary(part, leaves)
        if plain is not None and plain not in terms:
            terms.append(plain)
    leaves.note(terms)
    return Selection(tuple(terms), tuple(expressions))


def _laid_out(condition: Condition, leaves: Leaves) -> str:
    """One of the conditions of a `where`; its alternatives stand on lines of their own."""
    if not isinstance(condition, Or):
        return exact(condition, leaves)
    options = _options(condition, leaves)
    return options[0] if len(options) == 1 else f"({f'{_BREAK}OR '.join(options)})"


def _plain(condition: Condition, leaves: Leaves) -> str | None:
    """*condition* in `search` syntax, or None where that is not exact. OR binds tighter than AND there, so both are grouped."""
    match condition:
        case Leaf():
            return leaves.plain(condition)
        case Not(arg=Leaf(test=Exists()) as leaf):
            return leaves.absent(leaf.field)
        case Not():
            inner = _plain(condition.arg, leaves)
            return None if inner is None else f"NOT {inner}"
        case And():
            parts = [_plain(arg, leaves) for arg in condition.args]
            return None if None in parts else f"({' '.join(map(str, parts))})"
        case Or():
            return _plain_or(condition, leaves)
    return None


def _plain_or(condition: Or, leaves: Leaves) -> str | None:
    lists: dict[str, list[str]] = {}
    options: list[str] = []
    for arg in condition.args:
        plain = _plain(arg, leaves)
        if plain is None:
            return None
        if isinstance(arg, Leaf) and isinstance(arg.test, Text):
            lists.setdefault(arg.field, []).append(plain.removeprefix(f"{literal.name(arg.field)}="))
        else:
            options.append(plain)
    for field, values in lists.items():
        own = literal.name(field)
        options.append(f"{own}={values[0]}" if len(values) == 1 else f"{own} IN {_aligned(values, ', ', f',{_BREAK}')}")
    return _either(options)


def _either(options: Sequence[str]) -> str:
    return options[0] if len(options) == 1 else _aligned(options, " OR ", f"{_BREAK}OR ")


def _aligned(options: Sequence[str], beside: str, below: str) -> str:
    """Options in parentheses, on one line if that is short enough to be read, else one a line."""
    together = f"({beside.join(options)})"
    return together if len(together) <= _LONGEST else f"({below.join(options)})"


def _necessary(condition: Condition, leaves: Leaves) -> str | None:
    """Plain terms that hold wherever *condition* holds; None where none are known."""
    plain = _plain(condition, leaves)
    if plain is not None:
        return plain
    match condition:
        case And():
            parts = [part for arg in condition.args if (part := _necessary(arg, leaves)) is not None]
            return parts[0] if len(parts) == 1 else f"({' '.join(parts)})" if parts else None
        case Or():
            options = [_necessary(arg, leaves) for arg in condition.args]
            if None in options:
                return None
            return _either(list(dict.fromkeys(map(str, options))))
        case Not(arg=Or() as alternatives):
            return _necessary(And(tuple(_negation(arg) for arg in alternatives.args)), leaves)
    return None


def _negation(condition: Condition) -> Condition:
    return condition.arg if isinstance(condition, Not) else Not(condition)


def exact(condition: Condition, leaves: Leaves) -> str:
    """*condition* as an expression for `where` and `eval`, every part in parentheses and never null."""
    match condition:
        case Leaf():
            return leaves.exact(condition)
        case Not(arg=Leaf() as leaf):
            return leaves.exact(leaf, wanted=False)
        case Not(arg=Or() as alternatives) if one := _one_field(alternatives, leaves):
            return leaves.any_of(one[0], one[1], wanted=False)
        case Not():
            inner = exact(condition.arg, leaves)
            return f"NOT {inner}" if inner.startswith("(") else f"NOT ({inner})"
        case And():
            return f"({' AND '.join(exact(arg, leaves) for arg in condition.args)})"
        case Or():
            options = _options(condition, leaves)
            return options[0] if len(options) == 1 else f"({' OR '.join(options)})"
        case Keyword():
            raise Refused("a keyword", "Splunk sees only the raw text, where keys and escapes would match too.")


def _options(condition: Or, leaves: Leaves) -> list[str]:
    """The alternatives as expressions; texts of one field are one expression, where the first of them stands."""
    return [
        exact(group[0], leaves) if len(group) == 1 else leaves.any_of(*_field_and_texts(group))
        for group in _grouped(condition, leaves)
    ]


def _grouped(condition: Or, leaves: Leaves) -> Iterator[list[Condition]]:
    """Texts of one field and alike in case together, everything else alone."""
    groups: dict[object, list[Condition]] = {}
    for number, arg in enumerate(condition.args):
        match arg:
            case Leaf(test=Text() as text) if leaves.joins(arg):
                groups.setdefault((arg.field, text.cased), []).append(arg)
            case _:
                groups[number] = [arg]
    yield from groups.values()


def _one_field(condition: Or, leaves: Leaves) -> tuple[str, list[Text]] | None:
    groups = list(_grouped(condition, leaves))
    return _field_and_texts(groups[0]) if len(groups) == 1 and len(groups[0]) > 1 else None


def _field_and_texts(group: Sequence[Condition]) -> tuple[str, list[Text]]:
    found = [(arg.field, arg.test) for arg in group if isinstance(arg, Leaf) and isinstance(arg.test, Text)]
    return found[0][0], [text for _, text in found]
