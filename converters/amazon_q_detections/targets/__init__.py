"""The targets, and the only place where they are registered."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from amazon_q_detections.errors import ContentError, did_you_mean

if TYPE_CHECKING:
    from amazon_q_detections.engine import Engine, Session
    from amazon_q_detections.target import Target


@dataclass(frozen=True, slots=True)
class EngineRegistration:
    """The engine that runs a target's queries: its name, what it is, and where its class is, made of a schema and a session."""

    name: str
    meaning: str
    module: str
    cls: str


@dataclass(frozen=True, slots=True)
class Registration:
    """A target's name, its log schemas and formats (the first is the default), and where its class is."""

    name: str
    schemas: tuple[str, ...]
    formats: tuple[str, ...]
    module: str
    cls: str
    engine: EngineRegistration | None = None

    def load(self) -> Target[Any]:
        """The target itself; its module, and pySigma with it, is imported only now."""
        target: Target[Any] = getattr(import_module(self.module), self.cls)()
        return target

    def load_engine(self, schema: str, session: Session) -> Engine:
        """Its engine in one of its schemas."""
        assert self.engine is not None
        made: Engine = getattr(import_module(self.engine.module), self.engine.cls)(schema, session)
        return made


TARGETS = (
    Registration(
        "splunk",
        ("aws_addon",),
        ("search", "savedsearch"),
        f"{__name__}.splunk",
        "Splunk",
        EngineRegistration("spl", "The searches, by a strict interpreter of SPL.", f"{__name__}.splunk.engine", "SplEngine"),
    ),
    Registration(
        "opensearch",
        ("cloudtrail",),
        ("dsl", "lucene", "monitor"),
        f"{__name__}.opensearch",
        "OpenSearch",
        EngineRegistration(
            "opensearch",
            "The query DSL, on a real node: its own, or yours with --url.",
            f"{__name__}.opensearch.engine",
            "OpenSearchEngine",
        ),
    ),
    Registration(
        "cloudwatch",
        ("cloudtrail",),
        ("insights", "query_definition"),
        f"{__name__}.cloudwatch",
        "CloudWatch",
        EngineRegistration(
            "logs_insights",
            "The queries, by a strict interpreter of Logs Insights QL.",
            f"{__name__}.cloudwatch.engine",
            "LogsInsightsEngine",
        ),
    ),
)


def find(name: str) -> Registration:
    """The registration called *name*; raises ContentError with the nearest known name."""
    for registration in TARGETS:
        if registration.name == name:
            return registration
    raise ContentError("--target", f"there is no target {name!r}.", mend=did_you_mean(name, [t.name for t in TARGETS]))
