"""Counts of a proof: rule/event pairs, positive verdicts and refusals, by construct and by engine and schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from amazon_q_detections.engines import Choice
from amazon_q_detections.errors import Refused

FEW = 20
"""A construct with fewer positive verdicts than this is marked: a check that never says yes is blind."""


@dataclass
class Tally:
    """Of each engine, and of each construct on it: pairs that were judged, positive verdicts, rules that were refused."""

    pairs: Counter[Choice] = field(default_factory=Counter)
    of_construct: Counter[tuple[Choice, str]] = field(default_factory=Counter)
    positives: Counter[tuple[Choice, str]] = field(default_factory=Counter)
    refusals: Counter[tuple[Choice, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[Choice, str]] = field(default_factory=Counter)

    def judged(self, choice: Choice, constructs: frozenset[str], events: int, positive: int) -> None:
        """A rule was run on so many events, of which so many raise it."""
        self.pairs[choice] += events
        for construct in constructs:
            self.of_construct[choice, construct] += events
            self.positives[choice, construct] += positive

    def refused(self, choice: Choice, constructs: frozenset[str], refusal: Refused) -> None:
        """A rule was refused by name."""
        for construct in constructs:
            self.refusals[choice, construct] += 1
        self.reasons[choice, _kind(refusal)] += 1

    def lines(self) -> Iterator[str]:
        """The counts as tables in Markdown."""
        choices = list(self.pairs)
        yield f"| construct | {' | '.join(map(_name, choices))} |"
        yield f"|---|{'---|' * len(choices)}"
        for construct in sorted({construct for _, construct in [*self.of_construct, *self.refusals]}):
            yield f"| {_cell(construct)} | {' | '.join(self._cell(choice, construct) for choice in choices)} |"
        yield f"| **pairs** | {' | '.join(f'{self.pairs[choice]:,}' for choice in choices)} |"

    def refusal_lines(self) -> Iterator[str]:
        """What was refused by name, the most frequent first."""
        for (choice, reason), count in sorted(self.reasons.items(), key=lambda one: (_name(one[0][0]), -one[1], one[0][1])):
            yield f"| {_name(choice)} | {reason} | {count} |"

    def _cell(self, choice: Choice, construct: str) -> str:
        pairs, positive = self.of_construct[choice, construct], self.positives[choice, construct]
        refused = self.refusals[choice, construct]
        few = " (few)" if positive < FEW and pairs else ""
        return f"{pairs:,}: {positive:,} yes{few}" + (f", {refused} refused" if refused else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _name(choice: Choice) -> str:
    return "/".join(filter(None, (choice.name, choice.schema)))


_KINDS = (
    "the regular expression",
    "the character",
    "the value",
    "the field",
    "a pattern",
    "the alias",
    "a value",
    "the wildcard",
)


def _kind(refusal: Refused) -> str:
    """The construct of a refusal without the value that it names."""
    kind = next((kind for kind in _KINDS if refusal.construct.startswith(kind)), refusal.construct)
    return f"{kind}: {refusal.reason}".replace("|", "\\|")
