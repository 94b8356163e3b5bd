"""`qdet list`: what is there."""

from __future__ import annotations

from pathlib import Path

import click

from amazon_q_detections import content, engines, targets
from amazon_q_detections.cli import GOOD, console, options


@click.command("list")
@click.argument("what", type=click.Choice(["rules", "targets", "schemas", "engines"]))
@options.rules
@options.as_json
@options.quiet
def command(
    what: str, rule_dirs: tuple[Path, ...], with_builtin: bool, placeholders: Path | None, as_json: bool, quiet: bool
) -> int:
    """List rules, targets, schemas or engines; tab-separated in a pipe.

    \b
    Example:
      qdet list rules | cut -f1,3
    """
    if what == "rules":
        rules = options.chosen_rules((), rule_dirs, with_builtin, content.read_placeholders(placeholders), quiet=quiet)
        columns = ["stem", "category", "level", "status", "title"]
        rows = [[rule.stem, rule.category, rule.level, rule.status, rule.title] for rule in rules]
        extra = [{"id": rule.id, "correlation": rule.is_correlation, "path": str(rule.path)} for rule in rules]
    elif what == "targets":
        columns, extra = ["target", "formats"], None
        rows = [[target.name, ",".join(target.formats)] for target in targets.TARGETS]
    elif what == "schemas":
        columns, extra = ["target", "schema"], None
        rows = [[target.name, schema] for target in targets.TARGETS for schema in target.schemas]
    else:
        columns, extra = ["engine", "meaning"], None
        rows = [[name, meaning] for name, meaning in engines.ENGINES.items()]
    if as_json:
        for number, row in enumerate(rows):
            console.json_line({**dict(zip(columns, row, strict=True)), **(extra[number] if extra else {})})
    else:
        console.table(columns, rows)
    return GOOD
