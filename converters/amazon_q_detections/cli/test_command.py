"""`qdet test`: every fixture event against its rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amazon_q_detections import content, engines, fixture, prove
from amazon_q_detections.cli import FINDINGS, GOOD, console, options
from amazon_q_detections.engine import Session
from amazon_q_detections.errors import ContentError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from amazon_q_detections.engine import Engine
    from amazon_q_detections.engines import Choice
    from amazon_q_detections.fixture import Fixture
    from amazon_q_detections.rule import Rule


@click.command("test")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=options.RULE_PATH)
@click.option("--engine", "names", multiple=True, metavar="E", help="One that runs the rules, of all there are; repeatable.")
@click.option("--schema", "schemas", multiple=True, metavar="S", help="A log schema, of all there are; repeatable.")
@options.url
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Also write JUnit XML.")
@options.rules
@options.events
@options.as_json
@options.quiet
def command(
    paths: tuple[Path, ...],
    names: tuple[str, ...],
    schemas: tuple[str, ...],
    url: str | None,
    junit: Path | None,
    rule_dirs: tuple[Path, ...],
    with_builtin: bool,
    placeholders: Path | None,
    event_dirs: tuple[Path, ...],
    as_json: bool,
    quiet: bool,
) -> int:
    """Run every fixture event of the rules at PATH (or of all) on every engine and compare with what its file expects.

    Every engine but sigma runs the query that the rule compiles to. An events file has the stem of its rule: `match:` and
    `no_match:` list CloudTrail records, or sequences of them.

    \b
    Examples:
      qdet test
      qdet test sigma_rules/plugins --engine sigma
      qdet test --engine opensearch --schema ecs --url http://localhost:9200
      qdet test --rules my_rules --events my_events --junit report.xml
    """
    choices = engines.choices(names, schemas)
    report = _Report(as_json)
    lists = content.read_placeholders(placeholders)
    rules = options.chosen_rules(paths, rule_dirs, with_builtin, lists, quiet=quiet, unusable=report.unusable)
    places = options.chosen_events(paths, rule_dirs, event_dirs, with_builtin)
    if not places:
        raise ContentError("--events", "is missing: these rules have no built-in events.", mend="Add --events DIR.")
    stems = {rule.stem for rule in rules}
    fixtures = _fixtures(places, stems, report.unusable)
    for stem, problem in prove.clashes(rules, fixtures).items():
        report.untested(stem, problem)
    pairs = prove.paired([rule for rule in rules if rule.stem not in report.problems], fixtures)
    with Session(url) as session, console.progress("Testing", len(pairs), quiet=quiet) as step:
        opened = [(choice, choice.open(session)) for choice in choices]
        for rule, events in pairs:
            _prove(rule, events, opened, report)
            step()
    if junit:
        prove.write_junit(junit, report.verdicts, report.problems)
    good = sum(verdict.good for verdict in report.verdicts)
    bad = len(report.verdicts) - good
    untested = f" {len(report.problems)} could not be tested." if report.problems else ""
    untested += f" {console.counted(report.refusals, 'refusal')}, declared by the rules." if report.refusals else ""
    tested = console.counted(len(stems | report.problems.keys()), "rule")
    summary = f"{tested}, {console.counted(len(report.verdicts), 'verdict')}: {good} as expected, {bad} not."
    console.talk(summary + untested, quiet=quiet)
    return FINDINGS if report.problems or bad else GOOD


@dataclass
class _Report:
    """What has been found so far: verdicts, and by stem what kept a rule from being tested, which is said at once."""

    as_json: bool
    verdicts: list[prove.Verdict] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    refusals: int = 0

    def untested(self, stem: str, problem: str) -> None:
        """Note, and say, why a rule could not be tested."""
        self.problems[stem] = problem
        if self.as_json:
            console.json_line({"stem": stem, "refused": problem})
        console.talk(f"{stem}: {problem}")

    def refused(self, rule: Rule, choice: Choice, refusal: Refused) -> None:
        """Note, and say, that a rule does not run on an engine; where the rule declares it that is no problem."""
        reason = f"{refusal.construct}: {refusal.reason}"
        where = "/".join(filter(None, (choice.name, choice.schema)))
        if choice.declared(rule):
            self.refusals += 1
        else:
            self.problems[rule.stem] = f"{where}: {reason}"
            console.talk(f"{rule.stem} on {where}: {reason}")
        if self.as_json:
            line = {"stem": rule.stem, "target": choice.target, "engine": choice.name, "schema": choice.schema}
            console.json_line({**line, "refused": reason})

    def unusable(self, error: ContentError) -> None:
        """The same for a file of rules or events."""
        self.untested(Path(error.where).stem, str(error))


def _prove(rule: Rule, events: Fixture | None, opened: Sequence[tuple[Choice, Engine]], report: _Report) -> None:
    if events is None:
        report.untested(rule.stem, "no events file: a rule is tested on the events of the file of its stem.")
        return
    for choice, engine in opened:
        try:
            verdicts = list(prove.verdicts(rule, events, choice, engine))
        except Refused as refused:
            report.refused(rule, choice, refused)
        except ContentError as error:
            report.untested(rule.stem, str(error))
            return
        else:
            report.verdicts.extend(verdicts)
            _tell(verdicts, events, as_json=report.as_json)


def _fixtures(places: list[Path], stems: set[str], unusable: Callable[[ContentError], None]) -> list[Fixture]:
    """The events files of the rules of *stems*; *unusable* is told of those that cannot be used."""
    found: list[Fixture] = []
    for path in content.yaml_files(places):
        if path.stem in stems:
            try:
                found.append(fixture.read(path))
            except ContentError as error:
                unusable(error)
    return found


def _tell(verdicts: list[prove.Verdict], events: Fixture, *, as_json: bool) -> None:
    """Print the verdicts of one rule: all as JSON, or in words those that are not as expected."""
    for verdict in verdicts:
        if as_json:
            console.json_line(
                {
                    "stem": verdict.stem,
                    "engine": verdict.engine,
                    "schema": verdict.schema,
                    "event": verdict.event,
                    "expected": verdict.expected,
                    "got": verdict.got,
                }
            )
        elif not verdict.good:
            wanted = "should match and does not" if verdict.expected else "should not match and does"
            where = "/".join(filter(None, (verdict.engine, verdict.schema)))
            console.line(f"FAILED {verdict.stem} [{where}]: {verdict.event!r} {wanted} ({events.path})")
