"""Everything that can be judged without running a query: rules, events, pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections import content, fixture
from amazon_q_detections.check import events, metadata, operations, pipelines, source
from amazon_q_detections.check.finding import Finding
from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from amazon_q_detections.fixture import Fixture
    from amazon_q_detections.rule import Rule


def run(
    rules: Sequence[Rule],
    events_places: Sequence[Path],
    *,
    whole: bool,
    step: Callable[[], None] = lambda: None,
) -> list[Finding]:
    """Every finding in *rules*, their events files and our pipelines, sorted by file.

    *whole* when rules and events are meant to be one set, so that events of no rule are a finding. Without
    *events_places* the events are not judged. *step* is called after each rule.
    """
    found: list[Finding] = []
    for path in dict.fromkeys(rule.path for rule in rules):
        found.extend(source.findings(path))
    for rule in rules:
        found.extend(_judged(rule, builtin=_is_builtin(rule)))
        step()
    found.extend(metadata.twins(rules))
    if events_places:
        stems = {rule.stem for rule in rules}
        fixtures: list[Fixture] = []
        for path in content.yaml_files(events_places):
            if whole or path.stem in stems:
                found.extend(_read_events(path, fixtures))
        found.extend(events.findings(rules, fixtures, whole=whole))
    if whole and any(_is_builtin(rule) for rule in rules):
        found.extend(pipelines.findings(content.folder("pipelines")))
    return sorted(set(found), key=lambda finding: (str(finding.path), finding.line or 0, finding.key, finding.message))


def _is_builtin(rule: Rule) -> bool:
    return rule.path.resolve().is_relative_to(content.folder("sigma_rules").resolve())


def _judged(rule: Rule, *, builtin: bool) -> Iterator[Finding]:
    yield from metadata.findings(rule, builtin=builtin)
    try:
        yield from operations.findings(rule, builtin=builtin)
    except ContentError as error:
        yield Finding(rule.path, error.key, "unusable-rule", error.what)


def _read_events(path: Path, fixtures: list[Fixture]) -> Iterator[Finding]:
    try:
        documents = content.read_yaml(path)
        if documents:
            yield from source.findings(path)
        fixtures.append(fixture.read(path))
    except ContentError as error:
        yield Finding(path, error.key, "unusable-events", error.what)


__all__ = ["Finding", "run"]
