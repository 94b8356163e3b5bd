"""What a target gives: a query for a rule, its other formats, and a bundle of files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from amazon_q_detections.rule import Rule


@dataclass(frozen=True)
class Query:
    """A rule compiled for one target and schema.

    *formats* writes it in every format that can say it; *missing* gives the reason for each that cannot.
    *promise* says which events, and which bursts, its scheduled artefact alerts on (docs/semantics.md).
    *assumptions* are the named ones (docs/semantics.md) that it rests on.
    """

    rule: Rule
    schema: str
    formats: Mapping[str, Callable[[], str]]
    missing: Mapping[str, str]
    promise: str
    assumptions: tuple[str, ...]

    def text(self, form: str) -> str:
        """The query in one of its *formats*."""
        return self.formats[form]()


Q = TypeVar("Q", bound=Query)


class Target(ABC, Generic[Q]):
    """One log platform: it knows its syntax and its bundle, and no other target."""

    name: ClassVar[str]

    @abstractmethod
    def compile(self, rule: Rule, schema: str) -> Q:
        """Compile *rule* for *schema*; raises Refused for what the platform cannot say, ContentError for a bad rule."""

    @abstractmethod
    def bundle(self, queries: Sequence[Q], *, name: str, schema: str) -> dict[str, bytes]:
        """The files of the bundle called *name*, relative path to content, the same bytes every time.

        Raises Refused with the stem of a rule that cannot be in one bundle with the rest.
        """
