"""The engines that run rules on records: the meaning itself, and for each target one that runs its compiled queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_q_detections import targets
from amazon_q_detections.errors import ContentError, did_you_mean
from amazon_q_detections.sigma_engine import SigmaEngine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_q_detections.engine import Engine, Session
    from amazon_q_detections.rule import Rule

SIGMA = "sigma"

ENGINES: dict[str, str] = {
    SIGMA: "The meaning itself: our evaluator of Sigma on CloudTrail records.",
    **{one.engine.name: one.engine.meaning for one in targets.TARGETS if one.engine},
}


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine in one log schema; *schema* is None for the meaning itself, which reads records as they are."""

    name: str
    schema: str | None = None

    @property
    def target(self) -> str | None:
        """The target whose compiled queries it runs."""
        return next((one.name for one in targets.TARGETS if one.engine and one.engine.name == self.name), None)

    def declared(self, rule: Rule) -> bool:
        """Whether *rule* says that the target of this engine refuses it."""
        return self.target is not None and self.schema is not None and rule.declares_refusal(self.target, self.schema)

    def open(self, session: Session) -> Engine:
        """The engine itself."""
        if self.schema is None:
            return SigmaEngine()
        return _target(self.name).load_engine(self.schema, session)


def choices(names: Sequence[str] = (), schemas: Sequence[str] = ()) -> list[Choice]:
    """The engines called *names* (all of them, if none) in the log schemas called *schemas* (in all they have).

    Raises ContentError with the nearest known name, and for a schema that none of these engines has.
    """
    for name in names:
        if name not in ENGINES:
            raise ContentError("--engine", f"there is no engine {name!r}.", mend=did_you_mean(name, ENGINES))
    found = [choice for name in dict.fromkeys(names or ENGINES) for choice in _of(name)]
    known = [choice.schema for choice in found if choice.schema]
    for schema in schemas:
        if schema not in known:
            mend = did_you_mean(schema, known)
            raise ContentError("--schema", f"none of these engines knows the schema {schema!r}.", mend=mend)
    return [choice for choice in found if not schemas or choice.schema in schemas]


def choice(name: str, schema: str | None = None) -> Choice:
    """One engine, in its first log schema unless *schema* names another; raises ContentError as `choices` does."""
    return choices([name], [schema] if schema else [])[0]


def _of(name: str) -> list[Choice]:
    if name == SIGMA:
        return [Choice(SIGMA)]
    return [Choice(name, schema) for schema in _target(name).schemas]


def _target(name: str) -> targets.Registration:
    return next(one for one in targets.TARGETS if one.engine and one.engine.name == name)
