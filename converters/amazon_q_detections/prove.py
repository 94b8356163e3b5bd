"""Run every fixture event of every rule on an engine and compare with what the file expects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from amazon_q_detections.engine import Engine
    from amazon_q_detections.engines import Choice
    from amazon_q_detections.fixture import Fixture
    from amazon_q_detections.rule import Rule


# XML 1.0 has no such characters, not even escaped.
_NO_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


@dataclass(frozen=True)
class Verdict:
    """What one engine said of one case: *expected* and *got* are whether it raises the rule.

    *schema* is None for an engine that reads records as they are.
    """

    stem: str
    engine: str
    schema: str | None
    event: str
    expected: bool
    got: bool

    @property
    def good(self) -> bool:
        """Whether the engine said what the file expects."""
        return self.expected is self.got


def paired(rules: Sequence[Rule], fixtures: Iterable[Fixture]) -> list[tuple[Rule, Fixture | None]]:
    """Each rule with its events file, the rule holding that file's placeholder values; None where there is none."""
    by_stem = {fixture.stem: fixture for fixture in fixtures}
    pairs: list[tuple[Rule, Fixture | None]] = []
    for rule in rules:
        fixture = by_stem.get(rule.stem)
        pairs.append((rule.with_placeholders(fixture.placeholders) if fixture else rule, fixture))
    return pairs


def clashes(rules: Sequence[Rule], fixtures: Iterable[Fixture]) -> dict[str, str]:
    """What is wrong with each stem that two rules, or two events files, share: nobody can tell which belongs to which."""
    found: dict[str, str] = {}
    seen: dict[tuple[str, str], Path] = {}
    for kind, stem, path in [
        *(("rule", rule.stem, rule.path) for rule in rules),
        *(("events file", fixture.stem, fixture.path) for fixture in fixtures),
    ]:
        other = seen.setdefault((kind, stem), path)
        if other is not path:
            found[stem] = f"two {kind}s of one name: {other} and {path}. Rename one of them."
    return found


def verdicts(rule: Rule, fixture: Fixture, choice: Choice, engine: Engine) -> Iterator[Verdict]:
    """The verdict of the engine of *choice* on each case; raises Refused or ContentError for a rule that cannot be run."""
    got = engine.judge(rule, [case.events for case in fixture.cases])
    for case, raised in zip(fixture.cases, got, strict=True):
        yield Verdict(rule.stem, choice.name, choice.schema, case.name, case.expected, raised)


def write_junit(path: Path, results: Sequence[Verdict], problems: Mapping[str, str]) -> None:
    """Write a JUnit file: one test case a verdict, and one for each rule, by stem, that could not be tested.

    Raises ContentError when *path* cannot be written.
    """
    counts = {"failures": sum(not result.good for result in results), "errors": len(problems)}
    suite = ElementTree.Element("testsuite", name="qdet", tests=str(len(results) + len(problems)))
    suite.attrib.update({kind: str(count) for kind, count in counts.items()})
    for result in results:
        classname = ".".join(filter(None, (result.stem, result.engine, result.schema)))
        case = ElementTree.SubElement(suite, "testcase", classname=_xml(classname), name=_xml(result.event))
        if not result.good:
            message = f"expected {_word(result.expected)}, got {_word(result.got)}"
            ElementTree.SubElement(case, "failure", message=message)
    for stem, problem in problems.items():
        case = ElementTree.SubElement(suite, "testcase", classname=_xml(stem), name="all events")
        ElementTree.SubElement(case, "error", message=_xml(problem))
    try:
        path.write_bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))
    except OSError as error:
        raise ContentError(path, f"cannot be written: {error.strerror or error}.") from error


def _xml(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _word(raised: bool) -> str:
    return "a match" if raised else "no match"
