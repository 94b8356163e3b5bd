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
    from amazon_q_detections.rule import Rule


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
    bad = 0
    with console.progress("Testing", len(pairs), quiet=quiet) as step:
        for rule, events in pairs:
            if events is None:
                bad += 1
                console.talk(f"{rule.stem}: has no events file.", quiet=False)
            else:
                bad += _judge(rule, events, engine_names, results, as_json=as_json)
            step()
    if junit:
        prove.write_junit(junit, results)
    good = sum(result.good for result in results)
    console.talk(f"{len(pairs)} rules, {len(results)} verdicts: {good} as expected, {bad} not.", quiet=quiet)
    return FINDINGS if bad else GOOD


def _judge(rule: Rule, events: Fixture, names: list[str], results: list[prove.Verdict], *, as_json: bool) -> int:
    """Print the verdicts of one rule, add them to *results*, and count those that are not as expected."""
    try:
        verdicts = list(prove.verdicts([(rule, events)], names))
    except Refused as refused:
        console.talk(str(refused.within(stem=rule.stem)), quiet=False)
        return 1
    results.extend(verdicts)
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
    return sum(not verdict.good for verdict in verdicts)
