"""The page that shows ten rules and the query each compiles to on every target: `make docs` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from amazon_q_detections import content, ruleset, targets
from amazon_q_detections.rule import Rule
from amazon_q_detections.target import Query

PAGE = Path(__file__).resolve().parents[1] / "docs" / "queries.md"

STEMS = (
    "aws_amazonq_plugin_custom_created",
    "aws_amazonq_plugin_without_authentication",
    "aws_amazonq_plugin_endpoint_without_tls",
    "aws_amazonq_chat_topics_removed",
    "aws_amazonq_chat_response_scope_extended",
    "aws_amazonq_data_source_acl_crawling_switched_off",
    "aws_amazonq_data_source_enrichment_hook_set",
    "aws_amazonq_document_uploaded_with_empty_access_configuration",
    "aws_amazonq_data_source_deleted_in_bulk",
    "aws_amazonq_document_uploaded_then_deleted",
)

_INTRODUCTION = """\
# Ten rules and their queries

A rule, then the query that people read and tune on each target, as `qdet convert` prints it; of OpenSearch the Lucene text, or the query
DSL where a rule has no text (the scripts, which all correlations share, left out). All the others are in `dist/`. `make docs`
writes this page.

```sh
qdet convert {first} --target splunk
```
"""
_SHOWN = (("splunk", ("search",), "spl"), ("opensearch", ("lucene", "dsl"), "json"), ("cloudwatch", ("insights",), ""))
_NAMES = {"splunk": "Splunk", "opensearch": "OpenSearch", "cloudwatch": "CloudWatch Logs Insights"}
_SCRIPT = re.compile(r'(\s*"(\w+)_script": )".*"(,?)')
_LONGEST = 200
_DETECTION = ("detection:", "correlation:")


def text() -> str:
    """The page."""
    rules = {one.stem: one for one in ruleset.load([content.folder("sigma_rules")])}
    parts = [_INTRODUCTION.format(first=STEMS[0]), *(_shown(rules[stem]) for stem in STEMS)]
    return "\n".join(parts)


def _shown(rule: Rule) -> str:
    lines = [f"## {rule.title}", "", f"`{rule.stem}`: {rule.main.get('description', '').strip()}", ""]
    lines += ["```yaml", *_said(rule.path), "```", ""]
    for target, forms, language in _SHOWN:
        registration = targets.find(target)
        query: Query = registration.load().compile(rule, registration.schemas[0])
        form = next(form for form in forms if form in query.formats)
        fence = f"```{language}" if form != "lucene" else "```"
        shown = map(_shortened, query.text(form).splitlines())
        lines += [f"{_NAMES[target]}:", "", fence, *shown, "```", ""]
    return "\n".join(lines)


def _shortened(line: str) -> str:
    """A line of a query; the scripts that all correlations share are named, not shown."""
    found = _SCRIPT.fullmatch(line)
    return f'{found[1]}"…"{found[3]}' if found and len(line) > _LONGEST else line


def _said(path: Path) -> list[str]:
    """What the file says to find: of each document the detection, or the correlation."""
    kept: list[str] = []
    keeping = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line[:1].strip():
            keeping = line.startswith((*_DETECTION, "name:", "---"))
        if keeping and line.strip():
            kept.append(line)
    return kept


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
