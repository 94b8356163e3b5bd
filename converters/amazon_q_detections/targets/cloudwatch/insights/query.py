"""A query: its commands in order, parsed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_q_detections.targets.cloudwatch.insights import commands, tokens
from amazon_q_detections.targets.cloudwatch.insights.dialect import DIALECTS, Dialect
from amazon_q_detections.targets.cloudwatch.insights.expression import Context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amazon_q_detections.targets.cloudwatch.insights.commands import Stage
    from amazon_q_detections.targets.cloudwatch.insights.value import Row


@dataclass(frozen=True)
class Query:
    """A parsed query, or some commands of one."""

    stages: tuple[Stage, ...]
    context: Context

    @classmethod
    def parse(cls, source: str, dialect: Dialect = DIALECTS[0]) -> Query:
        """Raises InsightsError for what is unknown here."""
        context = Context(dialect)
        return cls(tuple(commands.stage(one, context) for one in tokens.commands(source)), context)

    def run(self, rows: Iterable[Row], end: float = 0.0) -> list[Row]:
        """The rows that the last command gives, in a run that ends at *end* (s since 1970)."""
        self.context.end = end * 1000
        table = list(rows)
        for stage in self.stages:
            table = stage(table)
        return table


def run(source: str, rows: Iterable[Row], end: float = 0.0, dialect: Dialect = DIALECTS[0]) -> list[Row]:
    """The result of a query in a run that ends at *end* (s since 1970)."""
    return Query.parse(source, dialect).run(rows, end)
