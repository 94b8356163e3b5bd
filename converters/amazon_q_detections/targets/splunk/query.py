"""A condition as a `search` with plain terms, and one `where` for what plain terms cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_q_detections.condition import And, Condition, Exists, Keyword, Leaf, Not, Or, Text, conjuncts
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import literal

if TYPE_CHECKING:
    from amazon_q_detections.targets.splunk.leaves import Leaves


@dataclass(frozen=True)
class Selection:
    """Search terms that are true on all wanted events, and the expressions that are true on no others."""

    terms: tuple[str, ...]
    expressions: tuple[str, ...]

    @property
    def commands(self) -> list[str]:
        """The first commands of a pipeline."""
        search = " ".join(self.terms) or "*"
        return [search, f"where {f'{chr(10)}    AND '.join(self.expressions)}"] if self.expressions else [search]


def select(condition: Condition, leaves: Leaves) -> Selection:
    """Split *condition* into plain terms and one exact `where`; raises Refused for what neither can say."""
    terms: list[str] = []
    expressions: list[str] = []
    for part in conjuncts(condition):
        plain = _plain(part, leaves)
        if plain is None:
            expressions.append(exact(part, leaves))
            plain = _necessary(part, leaves)
        if plain is not None and plain not in terms:
            terms.append(plain)
    return Selection(tuple(terms), tuple(expressions))


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
            lists.setdefault(arg.field, []).append(plain.partition("=")[2])
        else:
            options.append(plain)
    for field, values in lists.items():
        own = literal.name(field)
        options.append(f"{own}={values[0]}" if len(values) == 1 else f"{own} IN ({', '.join(values)})")
    return options[0] if len(options) == 1 else f"({' OR '.join(options)})"


def _necessary(condition: Condition, leaves: Leaves) -> str | None:
    """Plain terms that hold wherever *condition* holds; None where none are known."""
    plain = _plain(condition, leaves)
    if plain is not None:
        return plain
    match condition:
        case And():
            parts = [part for arg in condition.args if (part := _necessary(arg, leaves)) is not None]
            return f"({' '.join(parts)})" if parts else None
        case Or():
            options = [_necessary(arg, leaves) for arg in condition.args]
            return None if None in options else f"({' OR '.join(dict.fromkeys(map(str, options)))})"
    return None


def exact(condition: Condition, leaves: Leaves) -> str:
    """*condition* as an expression for `where` and `eval`, every part in parentheses and never null."""
    match condition:
        case Leaf():
            return leaves.exact(condition)
        case Not():
            return f"NOT ({exact(condition.arg, leaves)})"
        case And():
            return f"({' AND '.join(exact(arg, leaves) for arg in condition.args)})"
        case Or():
            return f"({' OR '.join(exact(arg, leaves) for arg in condition.args)})"
        case Keyword():
            raise Refused("a keyword", "Splunk sees only the raw text, where keys and escapes would match too.")
