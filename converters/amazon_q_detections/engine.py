"""What an engine is: it runs rules on records, and what it says of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from amazon_q_detections.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from amazon_q_detections.errors import ContentError
    from amazon_q_detections.rule import Rule

Record = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Match:
    """A rule raised: by one record, or by the records of a window that end at *time* (ISO-8601, UTC).

    *event_ids* are those of the records that have one.
    """

    rule: Rule
    time: str
    event_ids: tuple[str, ...]
    group: Mapping[str, str] = field(default_factory=dict)


def raise_refusal(refused: Refused) -> None:
    """Raises it: what an engine does with a refusal unless it is told otherwise."""
    raise refused


class Engine(Protocol):
    """Runs compiled rules over records, in one log schema."""

    def search(
        self,
        rules: Sequence[Rule],
        records: Iterable[Record],
        refused: Callable[[Refused], None] = raise_refusal,
        lost: Callable[[ContentError], None] = ...,
    ) -> Iterator[Match]:
        """Every match of *rules* in *records*; correlations come last, since they need all records.

        A record that is delivered twice (one eventID) raises a rule once. *refused* is told of each rule that cannot be run,
        before any record is read; the rest is run. *lost* is told of a record that the engine cannot hold.
        """

    def judge(self, rule: Rule, cases: Sequence[Sequence[Record]]) -> Sequence[bool]:
        """Whether each of *cases*, which know nothing of each other, raises *rule*; raises Refused or ContentError."""


def raise_lost(error: ContentError) -> None:
    """Raises it: what an engine does with a record that it cannot hold unless it is told otherwise."""
    raise error


class Session:
    """What engines share while they are in use, such as a node; closed with it. *url* is that of a node of the user's own."""

    def __init__(self, url: str | None = None) -> None:
        self.url = url
        self._kept: dict[str, object] = {}
        self._stack = ExitStack()

    def keep(self, name: str, opened: Callable[[], AbstractContextManager[T]]) -> T:
        """What *opened* gives, opened at the first call with this *name* and closed with the session."""
        if name not in self._kept:
            self._kept[name] = self._stack.enter_context(opened())
        return cast("T", self._kept[name])

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._kept.clear()
        self._stack.__exit__(kind, error, trace)


class Unseen:
    """Tells records that have been delivered before (one eventID) from new ones."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, event: Mapping[str, Any]) -> bool:
        """Whether *event* has not been seen; an event without an id is always new."""
        key = event.get("eventID")
        if not isinstance(key, str) or not key:
            return True
        if key in self._seen:
            return False
        self._seen.add(key)
        return True


def ids_of(events: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The ids of those events that have one."""
    return tuple(str(event["eventID"]) for event in events if event.get("eventID"))
