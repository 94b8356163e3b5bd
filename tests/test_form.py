"""Rules of a wrong form: `qdet check` finds the key, every other command refuses the file."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from amazon_q_detections import cli, form, ruleset
from amazon_q_detections.errors import ContentError

GOOD: dict[str, Any] = {
    "title": "Root Login",
    "id": "5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e11",
    "name": "root_login",
    "description": "The root user logged in.",
    "logsource": {"product": "aws", "service": "cloudtrail"},
    "detection": {"selection": {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin"}, "condition": "selection"},
    "level": "high",
    "qdet": {"version": 1},
}
BURST: dict[str, Any] = {
    "title": "Root Logins",
    "id": "5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e12",
    "correlation": {
        "type": "event_count", "rules": ["root_login"], "group-by": ["sourceIPAddress"], "timespan": "1h", "condition": {"gte": 5},
    },
    "level": "high",
}  # fmt: skip

LOOP: dict[str, Any] = {}
LOOP["self"] = LOOP

OF_ONE = {
    "title": 5,
    "id": 12,
    "level": "urgent",
    "status": 3,
    "tags": "attack.t1485",
    "references": [1],
    "falsepositives": "none",
    "logsource": "aws",
    "detection.condition": "",
    "qdet": [1],
    "qdet.version": "x",
    "qdet.risk": None,
    "qdet.category": "../a/b\nc",
    "qdet.atlas": [5],
    "qdet.schedule": 5,
    "qdet.schedule.step": "99999d",
    "qdet.schedule.thorttle": "1h",
    "qdet.prerequisite": "data",
    "qdet.prerequisite.resource_types": 5,
    "qdet.response": ["a"],
    "qdet.refusals": "splunk",
}
OF_MANY = {
    "correlation.group-by": {"a": 1},
    "correlation.condition": 5,
    "correlation.condition.field": 5,
    "correlation.condition.gte": 10**12,
    "correlation.condition.gt": 2.5,
    "correlation.condition.lte": True,
    "correlation.aliases": {"who": 5},
}


def changed(document: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    first, _, rest = key.partition(".")
    return {**document, first: changed(document.get(first, {}), rest, value) if rest else value}


def run(command: str, folder: Path, *options: str) -> Result:
    return CliRunner().invoke(cli.app, [command, *options, "--rules", str(folder)], standalone_mode=False)


def write(folder: Path, *documents: Any) -> Path:
    (folder / "rules").mkdir()
    (folder / "rules" / "aws_root_login.yml").write_text(yaml.dump_all(documents, sort_keys=False))
    return folder / "rules"


def test_good_documents_have_no_fault() -> None:
    assert not list(form.faults(GOOD))
    assert not list(form.faults(BURST))


CASES = [([changed(GOOD, key, value)], key) for key, value in OF_ONE.items()]
CASES += [([GOOD, changed(BURST, key, value)], key) for key, value in OF_MANY.items()]


@pytest.mark.parametrize(("documents", "key"), CASES, ids=[key for _, key in CASES])
def test_a_fault_is_found_by_check_and_refused_by_the_others(documents: list[Any], key: str, tmp_path: Path) -> None:
    rules = write(tmp_path, *documents)
    found = run("check", rules, "--json")
    assert found.return_value == cli.FINDINGS, found.exception
    keys = [json.loads(line)["key"] for line in found.stdout.splitlines()]
    assert any(key in one or one in key for one in keys if one), keys
    refused = run("build", rules, "--out", str(tmp_path / "out"))
    assert "aws_root_login.yml: " in str(refused.exception)
    assert not (tmp_path / "out").exists()
    assert refused.exc_info is not None
    assert refused.exc_info[0].__module__ == "amazon_q_detections.errors"


@pytest.mark.parametrize("kind", ["event_count", "value_sum"])
def test_a_threshold_with_a_fraction_is_refused_with_its_file_and_key(kind: str, tmp_path: Path) -> None:
    """pySigma would take 2 for it."""
    burst = {**BURST, "correlation": {**BURST["correlation"], "type": kind, "condition": {"gte": 2.5, "field": "size"}}}
    rules = write(tmp_path, GOOD, burst)
    message = r"aws_root_login\.yml: Root Logins: correlation\.condition\.gte: 2\.5 is no whole number"
    with pytest.raises(ContentError, match=message):
        ruleset.load([rules])
    assert "2.5 is no whole number" in run("check", rules).stdout


def test_a_fault_in_a_counted_rule_names_the_file_that_it_stands_in(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "base.yml").write_text(yaml.dump({**GOOD, "level": "urgent"}))
    with pytest.raises(ContentError, match=r"base\.yml: level: 'urgent' is no level"):
        ruleset.load([write(tmp_path, BURST)], library=[tmp_path / "library"])


@pytest.mark.parametrize("level", [None, "HIGH"])
def test_a_level_may_be_empty_or_in_capitals(level: str | None, tmp_path: Path) -> None:
    rules = write(tmp_path, {**GOOD, "level": level})
    assert run("build", rules, "--out", str(tmp_path / "out")).return_value == cli.GOOD


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([{**GOOD, "filter": {}}], "pySigma refuses the filter"),
        ([{**GOOD, "detection": {**GOOD["detection"], "selection": LOOP}}], "holds itself"),
        ([changed(GOOD, "detection.condition", "not " * 3000 + "selection")], "nested too deeply"),
        ([GOOD, {**changed(BURST, "correlation.rules", ["root_logins"]), "name": "root_logins"}], "counts itself"),
        ([GOOD, changed(BURST, "correlation.timespan", "2000d")], "longer than a year"),
        ([GOOD, changed(BURST, "correlation.timespan", "0h")], "no time at all"),
    ],
    ids=["filter", "loop", "deep", "circle", "timespan", "nothing"],
)
def test_what_cannot_be_read_is_refused(documents: list[Any], message: str, tmp_path: Path) -> None:
    rules = write(tmp_path, *documents)
    for command in ("build", "hunt"):
        options = ["--out", str(tmp_path / "out")] if command == "build" else [str(Path(__file__).parent / "events")]
        result = run(command, rules, *options)
        assert result.return_value != cli.GOOD, command
        assert message in result.output + str(result.exception), command
    found = run("check", rules)
    assert message in found.output + str(found.exception)


def test_a_rule_without_any_is_no_success(tmp_path: Path) -> None:
    for command, options in (("check", []), ("build", ["--out", str(tmp_path / "out")]), ("list", ["rules"])):
        assert "holds no rule" in str(run(command, tmp_path, *options).exception), command
