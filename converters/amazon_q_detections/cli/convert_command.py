"""`qdet convert`: the query of a rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from amazon_q_detections import build, content, targets
from amazon_q_detections.cli import FINDINGS, GOOD, console, options
from amazon_q_detections.errors import ContentError, Refused, did_you_mean

if TYPE_CHECKING:
    from amazon_q_detections.target import Query


@click.command("convert")
@click.argument("paths", metavar="RULE...", nargs=-1, required=True, type=options.RULE_PATH)
@click.option("--target", "target_name", required=True, metavar="T", help="splunk, opensearch or cloudwatch.")
@click.option("--schema", metavar="S", help="The log schema, if not the target's first.")
@click.option("--format", "text_format", metavar="F", help="One of the target's formats, if not its first.")
@options.rules
@options.as_json
@options.quiet
def command(
    paths: tuple[Path, ...],
    target_name: str,
    schema: str | None,
    text_format: str | None,
    rule_dirs: tuple[Path, ...],
    with_builtin: bool,
    placeholders: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Print the query of each RULE (a file, a folder of them, or the name of a built-in rule) for one target.

    \b
    Formats:
      splunk       search, savedsearch
      opensearch   dsl, lucene, monitor
      cloudwatch   insights, query_definition

    The rules that a correlation refers to are found in the same file, then in --rules, then in ours.

    \b
    Examples:
      qdet convert aws_amazonq_plugin_deleted --target splunk
      qdet convert my_rule.yml --target opensearch --format monitor > monitor.json
      qdet convert my_rules/ --target cloudwatch --json
    """
    registration = targets.find(target_name)
    schema = build.schema_of(registration, schema)
    text_format = text_format or registration.formats[0]
    if text_format not in registration.formats:
        mend = did_you_mean(text_format, registration.formats)
        raise ContentError("--format", f"{target_name} has no format {text_format!r}.", mend=mend)
    rules = options.chosen_rules(paths, rule_dirs, with_builtin, content.read_placeholders(placeholders), quiet=quiet)
    refused = False
    for number, rule in enumerate(rules):
        try:
            query = build.compile_rule(rule, registration, schema)
            if text_format not in query.formats:
                raise Refused(f"the format {text_format}", query.missing[text_format], stem=rule.stem, target=target_name)
        except Refused as refusal:
            declared = rule.declares_refusal(target_name, schema or registration.schemas[0])
            refused = refused or not declared
            if as_json:
                reason = f"{refusal.construct}: {refusal.reason}"
                console.json_line({"stem": rule.stem, "target": target_name, "refused": reason})
            console.talk(str(refusal), quiet=quiet and declared)
            continue
        if as_json:
            _print_json(query, target_name, text_format)
        else:
            if number:
                console.line("")
            console.lines(query.text(text_format))
    return FINDINGS if refused else GOOD


def _print_json(query: Query, target_name: str, text_format: str) -> None:
    console.json_line(
        {
            "stem": query.rule.stem,
            "id": query.rule.id,
            "target": target_name,
            "schema": query.schema,
            "format": text_format,
            "query": query.text(text_format),
        }
    )
