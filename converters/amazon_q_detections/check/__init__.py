"""Everything that can be judged without running a query: rules, events, pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amazon_q_detections import content, fixture, form
from amazon_q_detections.check import events, metadata, operations, pipelines, places, yaml_traps
from amazon_q_detections.check.finding import Finding
from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence, Set

    from amazon_q_detections.fixture import Fixture
    from amazon_q_detections.rule import Rule

_UNUSABLE, _UNUSABLE_EVENTS = "unusable-rule", "unusable-events"


def run(
    rules: Sequence[Rule],
    events_places: Sequence[Path],
    *,
    whole: bool,
    unusable: Sequence[ContentError] = (),
    silent: Sequence[Rule] = (),
    step: Callable[[], None] = lambda: None,
) -> list[Finding]:
    """Every finding in *rules*, their events files and our pipelines, sorted by file.

    *whole* when rules and events are meant to be one set, so that events of no rule are a finding. *unusable* says what is
    wrong with rule files that gave no rule. *silent* are the rules that only a correlation counts: their events are not
    judged, and without *events_places* none are. *step* is called after each rule.
    """
    found = [Finding.of(error, _UNUSABLE) for error in unusable]
    for path in dict.fromkeys(rule.path for rule in rules):
        found.extend(yaml_traps.findings(path))
    sound: list[Rule] = []
    for rule in rules:
        faults = list(_faults(rule))
        found.extend(faults or _judged(rule, builtin=_is_builtin(rule)))
        if not faults:
            sound.append(rule)
        step()
    found.extend(metadata.twins(sound))
    if events_places:
        stems = {rule.stem for rule in (*rules, *silent)} | {Path(error.where).stem for error in unusable}
        found.extend(_of_events(stems, sound, events_places, whole=whole))
    if whole and any(_is_builtin(rule) for rule in rules):
        found.extend(pipelines.findings(content.folder("pipelines")))
    return sorted(
        set(places.located(found)), key=lambda finding: (str(finding.path), finding.line or 0, finding.key, finding.message)
    )


def _is_builtin(rule: Rule) -> bool:
    return rule.path.resolve().is_relative_to(content.folder("sigma_rules").resolve())


def _faults(rule: Rule) -> Iterator[Finding]:
    """What is wrong with the form of its documents; a rule with such a fault cannot be judged further."""
    for document in rule.documents:
        name = "" if document is rule.main else f"{document.get('name') or document.get('id')}: "
        for fault in form.faults(document):
            yield Finding(rule.path, name + fault.key, fault.code, fault.message)


def _of_events(stems: Set[str], sound: Sequence[Rule], folders: Sequence[Path], *, whole: bool) -> Iterator[Finding]:
    """The findings in the events files of *stems*; a file that cannot be read is not said to be missing too."""
    fixtures: list[Fixture] = []
    unusable: set[str] = set()
    for path in content.yaml_files(folders):
        if whole or path.stem in stems:
            found = list(_read_events(path, fixtures))
            unusable |= {path.stem} if any(finding.code == _UNUSABLE_EVENTS for finding in found) else set()
            yield from found
    if whole:
        yield from events.orphans(fixtures, stems)
    yield from events.findings([rule for rule in sound if rule.stem not in unusable], fixtures)


def _judged(rule: Rule, *, builtin: bool) -> Iterator[Finding]:
    yield from metadata.findings(rule, builtin=builtin)
    try:
        yield from operations.findings(rule, builtin=builtin)
    except ContentError as error:
        yield Finding.of(error, _UNUSABLE)


def _read_events(path: Path, fixtures: list[Fixture]) -> Iterator[Finding]:
    try:
        if any(map(form.too_deep, content.read_yaml(path))):
            raise ContentError(path, "is nested too deeply.")
        yield from yaml_traps.findings(path)
        fixtures.append(fixture.read(path))
    except ContentError as error:
        yield Finding.of(error, _UNUSABLE_EVENTS)


__all__ = ["Finding", "run"]
