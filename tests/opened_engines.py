"""The engines of a test run: each is opened once, and gives each rule's verdicts on its events once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from amazon_q_detections import engines, prove
from amazon_q_detections.engine import Engine, Session
from amazon_q_detections.engines import Choice
from amazon_q_detections.errors import Refused
from amazon_q_detections.fixture import Fixture
from amazon_q_detections.prove import Verdict
from amazon_q_detections.rule import Rule

CHOICES = engines.choices()
NAMES = ["-".join(filter(None, (choice.name, choice.schema))) for choice in CHOICES]
"""Readable ids of the choices, in their order."""


class OpenedEngines:
    """The engines by choice; *node* gives the address of the OpenSearch to use, and is asked when one is needed."""

    def __init__(self, node: Callable[[], str]) -> None:
        self._node = node
        self._stack = ExitStack()
        self._engines: dict[Choice, Engine] = {}
        self._sessions: dict[str | None, Session] = {}
        self._verdicts: dict[tuple[str, Choice], list[Verdict] | Refused] = {}

    def __enter__(self) -> OpenedEngines:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def __getitem__(self, choice: Choice) -> Engine:
        if choice not in self._engines:
            url = self._node() if choice.name == "opensearch" else None
            if url not in self._sessions:
                self._sessions[url] = self._stack.enter_context(Session(url))
            self._engines[choice] = choice.open(self._sessions[url])
        return self._engines[choice]

    def verdicts(self, choice: Choice, rule: Rule, events: Fixture) -> list[Verdict]:
        """The verdicts on the cases of *events*, in their order; raises Refused where the engine cannot run the rule."""
        key = (str(events.path), choice)
        if key not in self._verdicts:
            try:
                self._verdicts[key] = list(prove.verdicts(rule, events, choice, self[choice]))
            except Refused as refused:
                self._verdicts[key] = refused
        found = self._verdicts[key]
        if isinstance(found, Refused):
            raise found
        return found
