"""`qdet check`: everything that can be judged without an engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from amazon_q_detections import check, content
from amazon_q_detections.check import report
from amazon_q_detections.cli import FINDINGS, GOOD, console, options

if TYPE_CHECKING:
    from amazon_q_detections.errors import ContentError
    from amazon_q_detections.rule import Rule


@click.command("check")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=options.RULE_PATH)
@click.option(
    "--format",
    "form",
    type=click.Choice(report.FORMATS),
    help="How findings are written: lines of text (the default), JSON lines, SARIF 2.1.0, or GitHub annotations.",
)
@options.rules
@options.events
@options.as_json
@options.quiet
def command(
    paths: tuple[Path, ...],
    form: str | None,
    rule_dirs: tuple[Path, ...],
    with_builtin: bool,
    placeholders: Path | None,
    event_dirs: tuple[Path, ...],
    as_json: bool,
    quiet: bool,
) -> int:
    """Judge the rules at PATH (or all), their events files and the pipelines, without running a query.

    Operations and parameters are checked against the AWS service models; warnings do not fail.

    \b
    Examples:
      qdet check
      qdet check --rules my_rules --events my_events
      qdet check --format github
    """
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} are two forms; ask for one.")
    unusable: list[ContentError] = []
    silent: list[Rule] = []
    lists = content.read_placeholders(placeholders)
    rules = options.chosen_rules(
        paths,
        rule_dirs,
        with_builtin,
        lists,
        quiet=quiet,
        strict=False,
        unusable=unusable.append,
        silenced=silent.append,
    )
    places = options.chosen_events(paths, rule_dirs, event_dirs, with_builtin)
    with console.progress("Checking", len(rules), quiet=quiet) as step:
        findings = check.run(rules, places, whole=not paths, unusable=unusable, silent=silent, step=step)
    for text in report.lines(findings, "json" if as_json else form or "text"):
        console.line(text)
    errors = sum(finding.severity == "error" for finding in findings)
    unjudged = "" if places else " No --events given: events are not judged."
    judged = f"{console.counted(errors, 'error')}, {console.counted(len(findings) - errors, 'warning')}."
    console.talk(f"{console.counted(len(rules), 'rule')}: {judged}{unjudged}", quiet=quiet)
    return FINDINGS if errors else GOOD
