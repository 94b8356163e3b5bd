"""The pySigma backend: stock Splunk's, with conversions that keep the meaning of a rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sigma.backends.splunk.splunk import SplunkBackend

from amazon_q_detections import schedule
from amazon_q_detections.conversion import Conversion
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.targets.splunk import correlations, literal
from amazon_q_detections.targets.splunk.leaves import Leaves
from amazon_q_detections.targets.splunk.query import select

if TYPE_CHECKING:
    from sigma.correlations import SigmaCorrelationRule
    from sigma.rule import SigmaRule

    from amazon_q_detections.condition import Condition


@dataclass(frozen=True)
class Parts:
    """A query: commands that decide, the one that keeps a scheduled run to its own hits, and those that show.

    *groups* are the names and fields of the group-by keys, or of what tells the hits of a single-event rule apart.
    """

    commands: tuple[str, ...]
    own_hits: str
    show: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]
    assumptions: tuple[str, ...]

    @property
    def text(self) -> str:
        """The query as a person pastes it: every hit in the chosen time range."""
        return joined((*self.commands, *self.show))


def joined(commands: tuple[str, ...]) -> str:
    """Commands as one search, one a line."""
    return "\n| ".join(commands)


class FaithfulSplunkBackend(Conversion, SplunkBackend):
    """pysigma-backend-splunk with our conversion: search terms where they are exact, one `where` of total parts else."""

    name: ClassVar[str] = "Splunk SPL that keeps a rule's meaning"
    formats: ClassVar[dict[str, str]] = {"default": "Plain SPL queries"}
    correlation_methods: ClassVar[dict[str, str]] = {"sliding": "streamstats over a sliding window"}
    default_correlation_method: ClassVar[str] = "sliding"

    def write(self, rule: SigmaRule | SigmaCorrelationRule, meaning: Condition | Correlation) -> str:  # noqa: ARG002
        """The query as text."""
        return self.parts(meaning).text

    def parts(self, meaning: Condition | Correlation, window: schedule.Schedule | None = None) -> Parts:
        """The query in parts; *window* says which hits belong to a scheduled run. Raises Refused for what SPL cannot say."""
        leaves = Leaves(self.schema)
        if isinstance(meaning, Correlation):
            made = correlations.write(meaning, leaves, window)
            return Parts(made.commands, made.own_hits, made.show, made.groups, tuple(sorted(leaves.assumptions)))
        commands = select(meaning, leaves).commands
        table = "table " + " ".join(literal.name(column) for column in self.schema["columns"])
        entity = tuple((field, field) for field in self.schema["entity"])
        return Parts(tuple(commands), "", (table,), entity, tuple(sorted(leaves.assumptions)))
