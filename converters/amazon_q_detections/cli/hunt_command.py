"""`qdet hunt`: rules over CloudTrail archives."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amazon_q_detections import archive, content, engines, hunt
from amazon_q_detections.cli import FINDINGS, GOOD, UNREADABLE, console, options
from amazon_q_detections.engine import Session
from amazon_q_detections.form import LEVELS

if TYPE_CHECKING:
    from amazon_q_detections.engine import Match
    from amazon_q_detections.errors import ContentError, Refused
    from amazon_q_detections.rule import Rule

# Not `readable`: one archive of many that cannot be read is exit code 3, and the rest is read.
_PLACE = click.Path(exists=True, readable=False, path_type=Path)


@click.command("hunt")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=_PLACE)
@click.option("--engine", default="sigma", show_default=True, metavar="E", help="The engine that runs the rules.")
@click.option("--schema", metavar="S", help="The log schema that they are compiled for; the engine's first unless given.")
@options.url
@click.option("--since", metavar="TIME", help="Only events from then on: 2026-11-24T10:00:00Z, 2026-11-24, 7d (ago).")
@click.option("--until", metavar="TIME", help="Only events up to then; a date is the whole day.")
@click.option("--fail-on", type=click.Choice(LEVELS), metavar="LEVEL", help="Exit 1 on a match at or above it.")
@options.rules
@options.as_json
@options.quiet
def command(
    paths: tuple[Path, ...],
    engine: str,
    schema: str | None,
    url: str | None,
    since: str | None,
    until: str | None,
    fail_on: str | None,
    rule_dirs: tuple[Path, ...],
    with_builtin: bool,
    placeholders: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run the rules over the CloudTrail archives at PATH and print what they would have raised.

    PATH is a file or a folder: `.json`, `.json.gz`, JSON lines, a bare array, a single record, or an events file.

    A match is a line: time, level, rule, event id (or how many events), and what a correlation groups by.

    \b
    Exit codes:
      0   done; matches are no findings
      1   a match at or above --fail-on, or a rule that cannot be run
      2   unusable input or arguments
      3   something could not be read; the rest was

    \b
    Examples:
      qdet hunt AWSLogs/
      qdet hunt AWSLogs/ --since 30d --fail-on high
      qdet hunt AWSLogs/ --since 2026-11-01 --until 2026-11-16
      qdet hunt export.jsonl --rules my_rules --json
      qdet hunt export.jsonl --engine spl
    """
    choice = engines.choice(engine, schema)
    period = hunt.Period.of(since, until, datetime.now(UTC))
    rules = options.chosen_rules((), rule_dirs, with_builtin, content.read_placeholders(placeholders), quiet=quiet)
    runnable = _runnable(rules, quiet=quiet)
    tally, matched, failing = hunt.Tally(), 0, False

    def unreadable(error: ContentError) -> None:
        tally.unreadable += 1
        console.talk(str(error), quiet=False)

    def refused(refusal: Refused) -> None:
        nonlocal failing
        declared = any(one.stem == refusal.stem and choice.declared(one) for one in runnable)
        failing = failing or not declared
        console.talk(str(refusal), quiet=quiet and declared)

    files = archive.files(paths, unreadable)
    with Session(url) as session, console.progress("Reading", len(files), quiet=quiet) as step:
        for match in hunt.search(
            runnable,
            files,
            engine=choice.open(session),
            period=period,
            unreadable=unreadable,
            refused=refused,
            tally=tally,
            step=step,
        ):
            matched += 1
            failing = failing or (fail_on is not None and _reaches(match.rule.level, fail_on))
            _print(match, as_json=as_json)
    read = f"{console.counted(len(files), 'file')}, {console.counted(tally.records, 'record')}"
    found = f"{console.counted(len(runnable), 'rule')}: {console.counted(matched, 'match')}"
    console.talk(f"{read}, {found}{_left_out(tally, period)}", quiet=quiet)
    if tally.unreadable:
        return UNREADABLE
    return FINDINGS if failing else GOOD


def _runnable(rules: list[Rule], *, quiet: bool) -> list[Rule]:
    for rule in rules:
        if rule.unset_placeholders:
            names = ", ".join(f"%{name}%" for name in rule.unset_placeholders)
            console.talk(f"{rule.stem}: left out, {names} is unset (--placeholders FILE).", quiet=quiet)
    return [rule for rule in rules if not rule.unset_placeholders]


def _left_out(tally: hunt.Tally, period: hunt.Period) -> str:
    """The end of the summary: what could not be read, and what a period leaves out."""
    text = f", {tally.unreadable} unreadable." if tally.unreadable else "."
    if period.bounded:
        text += f" Inside the period: {console.counted(tally.inside, 'record')}."
    if period.bounded and tally.timeless:
        text += f" Without a time, and so in none: {tally.timeless}."
    return text


def _reaches(level: str, least: str) -> bool:
    return level in LEVELS and LEVELS.index(level) >= LEVELS.index(least)


def _print(match: Match, *, as_json: bool) -> None:
    if as_json:
        console.json_line(
            {
                "stem": match.rule.stem,
                "id": match.rule.id,
                "level": match.rule.level,
                "time": match.time,
                "event_ids": list(match.event_ids),
                "group": dict(match.group),
            }
        )
    else:
        group = " ".join(f"{name}={value}" for name, value in match.group.items())
        events = f"{len(match.event_ids)} events" if len(match.event_ids) > 1 else "".join(match.event_ids)
        console.row([match.time, match.rule.level, match.rule.stem, events, group])
