"""The pySigma backend: stock Splunk's, with conversions that keep the meaning of a rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sigma.backends.splunk.splunk import SplunkBackend

from amazon_q_detections.conversion import Conversion
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.targets.splunk import correlations, fields, literal
from amazon_q_detections.targets.splunk.fields import Fields
from amazon_q_detections.targets.splunk.leaves import Leaves
from amazon_q_detections.targets.splunk.query import select

if TYPE_CHECKING:
    from sigma.collection import SigmaCollection
    from sigma.correlations import SigmaCorrelationRule
    from sigma.rule import SigmaRule

    from amazon_q_detections.condition import Condition

PRINCIPAL = "principal"
"""The column of single events that says whom a row is about; the schema has the fields that it is made of."""


@dataclass(frozen=True)
class Parts:
    """A query: commands that select events, that group them, that keep those which complete a correlation, and that show.

    *groups* are the plain names that the group-by keys have inside the query, with the names that they are shown by.
    """

    selection: tuple[str, ...]
    grouping: tuple[str, ...]
    sliding: tuple[str, ...]
    show: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]
    assumptions: tuple[str, ...]

    @property
    def text(self) -> str:
        """The query as a person pastes it: every hit in the chosen time range."""
        return joined((*self.selection, *self.grouping, *self.sliding, *self.show))


def joined(commands: tuple[str, ...]) -> str:
    """Commands as one search, one a line."""
    return "\n| ".join(commands)


class FaithfulSplunkBackend(Conversion, SplunkBackend):
    """pysigma-backend-splunk with our conversion: search terms where they are exact, one `where` of total parts else."""

    name: ClassVar[str] = "Splunk SPL that keeps a rule's meaning"
    formats: ClassVar[dict[str, str]] = {"default": "Plain SPL queries"}
    correlation_methods: ClassVar[dict[str, str]] = {"sliding": "streamstats over a sliding window"}
    default_correlation_method: ClassVar[str] = "sliding"

    def meaning_of(self, collection: SigmaCollection) -> tuple[SigmaRule | SigmaCorrelationRule, Condition | Correlation]:
        """See Conversion; raises Refused too for a field in Splunk's own spelling."""
        for rule in collection.rules:
            fields.refuse_marked(rule)
        return super().meaning_of(collection)

    def write(self, rule: SigmaRule | SigmaCorrelationRule, meaning: Condition | Correlation) -> str:  # noqa: ARG002
        """The query as text."""
        return self.parts(meaning).text

    def parts(self, meaning: Condition | Correlation) -> Parts:
        """The query in parts; raises Refused for what SPL cannot say."""
        known = Fields.spelled(meaning, self.schema)
        known.check()
        meaning = known.meaning
        leaves = Leaves(known)
        if not all(map(known.sure, known.names)):
            leaves.assumptions.add("no_array")
        if isinstance(meaning, Correlation):
            made = correlations.write(meaning, leaves)
            assumptions = tuple(sorted(leaves.assumptions))
            return Parts(made.selection, made.grouping, made.sliding, made.show, made.groups, assumptions)
        selection = select(meaning, leaves).commands
        return Parts(selection, (), (), _columns(self.schema), (), tuple(sorted(leaves.assumptions)))


def _columns(schema: dict[str, Any]) -> tuple[str, ...]:
    """The commands that show single events; the principal is the first of its fields that the record has."""
    if PRINCIPAL not in schema:
        return ()
    principal = ", ".join(literal.operand(field) for field in schema[PRINCIPAL])
    columns = " ".join(literal.name(column) for column in schema["columns"])
    return f'eval {PRINCIPAL}=coalesce({principal}, "unknown")', f"table {columns}"
