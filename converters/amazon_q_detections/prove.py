"""Run every fixture event of every rule on an engine and compare with what the file expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from amazon_q_detections import engines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from amazon_q_detections.fixture import Fixture
    from amazon_q_detections.rule import Rule


@dataclass(frozen=True)
class Verdict:
    """What one engine said of one case; *error* instead of a verdict when the rule could not be run."""

    stem: str
    engine: str
    schema: str | None
    event: str
    expected: bool
    got: bool

    @property
    def good(self) -> bool:
        return self.expected is self.got


def paired(rules: Sequence[Rule], fixtures: Iterable[Fixture]) -> list[tuple[Rule, Fixture | None]]:
    """Each rule with its events file, the rule holding that file's placeholder values; None where there is none."""
    by_stem = {fixture.stem: fixture for fixture in fixtures}
    pairs: list[tuple[Rule, Fixture | None]] = []
    for rule in rules:
        fixture = by_stem.get(rule.stem)
        pairs.append((rule.with_placeholders(fixture.placeholders) if fixture else rule, fixture))
    return pairs


def verdicts(pairs: Iterable[tuple[Rule, Fixture]], names: Sequence[str]) -> Iterator[Verdict]:
    """The verdict of each engine on each case; raises Refused or ContentError for a rule that cannot be run."""
    for name in names:
        engine = engines.find(name)
        for rule, fixture in pairs:
            for case in fixture.cases:
                got = any(True for _ in engine.search([rule], case.events))
                yield Verdict(rule.stem, name, None, case.name, case.expected, got)


def write_junit(path: Path, results: Sequence[Verdict]) -> None:
    """Write *results* as a JUnit file, one test case a verdict."""
    failed = sum(not result.good for result in results)
    suite = ElementTree.Element("testsuite", name="qdet", tests=str(len(results)), failures=str(failed))
    for result in results:
        classname = f"{result.stem}.{result.engine}"
        case = ElementTree.SubElement(suite, "testcase", classname=classname, name=result.event)
        if not result.good:
            message = f"expected {_word(result.expected)}, got {_word(result.got)}"
            ElementTree.SubElement(case, "failure", message=message)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _word(raised: bool) -> str:
    return "a match" if raised else "no match"
