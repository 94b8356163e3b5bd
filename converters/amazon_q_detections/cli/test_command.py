"""`qdet test`: every fixture event against its rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from amazon_q_detections import content, engines, fixture, prove
from amazon_q_detections.cli import FINDINGS, GOOD, console, options
from amazon_q_detections.errors import ContentError, Refused

if TYPE_CHECKING:
    from amazon_q_detections.fixture import Fixture


@click.command("test")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--engine", "names", multiple=True, metavar="E", help="sigma (the default); repeatable.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Also write JUnit XML.")
@options.rules
@options.events
@options.as_json
@options.quiet
def command(
    paths: tuple[Path, ...],
    names: tuple[str, ...],
    junit: Path | None,
    rule_dirs: tuple[Path, ...],
    with_builtin: bool,
    placeholders: Path | None,
    event_dirs: tuple[Path, ...],
    as_json: bool,
    quiet: bool,
) -> int:
    """Run every fixture event of the rules at PATH (or of all) and compare with what its file expects.

    An events file has the stem of its rule: `match:` and `no_match:` list CloudTrail records, or sequences of them.

    \b
    Examples:
      qdet test
      qdet test sigma_rules/plugins
      qdet test --rules my_rules --events my_events --junit report.xml
    """
    engine_names = list(dict.fromkeys(names)) or list(engines.ENGINES)
    rules = options.chosen_rules(paths, rule_dirs, with_builtin, content.read_placeholders(placeholders))
    places = options.chosen_events(paths, rule_dirs, event_dirs, with_builtin)
    if not places:
        raise ContentError("--events", "is missing: these rules have no built-in events.", mend="Add --events DIR.")
    pairs = prove.paired(rules, fixture.load(places))
    results: list[prove.Verdict] = []
    problems: dict[str, str] = {}
    with console.progress("Testing", len(pairs), quiet=quiet) as step:
        for rule, events in pairs:
            try:
                if events is None:
                    raise Refused("no events file", "a rule is tested on the events of the file of its stem.")
                verdicts = list(prove.verdicts([(rule, events)], engine_names))
            except Refused as refused:
                problem = refused.within(stem=rule.stem)
                problems[rule.stem] = f"{problem.construct}: {problem.reason}"
                if as_json:
                    console.json_line({"stem": rule.stem, "refused": problems[rule.stem]})
                console.talk(str(problem), quiet=False)
            else:
                results.extend(verdicts)
                _tell(verdicts, events, as_json=as_json)
            step()
    if junit:
        prove.write_junit(junit, results, problems)
    good = sum(result.good for result in results)
    untested = f" {len(problems)} rules could not be tested." if problems else ""
    console.talk(
        f"{len(pairs)} rules, {len(results)} verdicts: {good} as expected, {len(results) - good} not.{untested}", quiet=quiet
    )
    return FINDINGS if problems or good < len(results) else GOOD


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
            console.line(f"FAILED {verdict.stem} [{verdict.engine}]: {verdict.event!r} {wanted} ({events.path})")
