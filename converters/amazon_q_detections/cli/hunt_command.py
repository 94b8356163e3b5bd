"""`qdet hunt`: rules over CloudTrail archives."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amazon_q_detections import archive, content, hunt
from amazon_q_detections.cli import FINDINGS, GOOD, UNREADABLE, console, options
from amazon_q_detections.form import LEVELS

if TYPE_CHECKING:
    from amazon_q_detections.engines import Match
    from amazon_q_detections.errors import ContentError, Refused
    from amazon_q_detections.rule import Rule


@click.command("hunt")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--engine", default="sigma", show_default=True, metavar="E", help="The engine that runs the rules.")
@click.option("--since", metavar="TIME", help="Only events from then on: 2026-11-24, 2026-11-24T10:00:00Z, 7d.")
@click.option("--until", metavar="TIME", help="Only events up to then.")
@click.option("--fail-on", type=click.Choice(LEVELS), metavar="LEVEL", help="Exit 1 on a match at or above it.")
@options.rules
@options.as_json
@options.quiet
def command(
    paths: tuple[Path, ...],
    engine: str,
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

    \b
    Examples:
      qdet hunt AWSLogs/
      qdet hunt AWSLogs/ --since 30d --fail-on high
      qdet hunt export.jsonl --rules my_rules --json
    """
    now = datetime.now(UTC)
    period = hunt.Period(
        hunt.moment(since, "--since", now) if since is not None else None,
        hunt.moment(until, "--until", now) if until is not None else None,
    )
    rules = options.chosen_rules((), rule_dirs, with_builtin, content.read_placeholders(placeholders), quiet=quiet)
    runnable = _runnable(rules, quiet=quiet)
    tally, matched, failing = hunt.Tally(), 0, False

    def unreadable(error: ContentError) -> None:
        tally.unreadable += 1
        console.talk(str(error), quiet=False)

    def refused(refusal: Refused) -> None:
        nonlocal failing
        failing = True
        console.talk(str(refusal), quiet=False)

    files = archive.files(paths, unreadable)
    with console.progress("Reading", len(files), quiet=quiet) as step:
        for match in hunt.search(
            runnable,
            files,
            engine=engine,
            period=period,
            unreadable=unreadable,
            refused=refused,
            tally=tally,
            step=step,
        ):
            matched += 1
            failing = failing or (fail_on is not None and _reaches(match.rule.level, fail_on))
            _print(match, as_json=as_json)
    console.talk(
        f"{len(files)} files, {tally.records} records, {len(runnable)} rules: {matched} matches"
        + (f", {tally.unreadable} unreadable." if tally.unreadable else "."),
        quiet=quiet,
    )
    if tally.unreadable:
        return UNREADABLE
    return FINDINGS if failing else GOOD


def _runnable(rules: list[Rule], *, quiet: bool) -> list[Rule]:
    for rule in rules:
        if rule.unset_placeholders:
            names = ", ".join(f"%{name}%" for name in rule.unset_placeholders)
            console.talk(f"{rule.stem}: left out, {names} is unset (--placeholders FILE).", quiet=quiet)
    return [rule for rule in rules if not rule.unset_placeholders]


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
        events = match.event_ids[0] if len(match.event_ids) == 1 else f"{len(match.event_ids)} events"
        console.row([match.time, match.rule.level, match.rule.stem, events, group])
