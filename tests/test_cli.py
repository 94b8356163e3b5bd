"""The command line as people and pipes meet it: run as a process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from amazon_q_detections import __version__, content, ruleset, targets

CHECKOUT = Path(__file__).resolve().parents[1]
QDET = Path(sys.executable).with_name("qdet")
COMMANDS = ["build", "check", "convert", "hunt", "list", "test"]
SINGLE = content.folder("sigma_rules") / "plugins" / "aws_amazonq_plugin_deleted.yml"


def qdet(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([QDET, *arguments], capture_output=True, text=True, check=False, cwd=CHECKOUT)


def test_the_version_is_the_packages() -> None:
    assert qdet("--version").stdout.strip().endswith(__version__)


def test_help_names_every_command_and_the_exit_codes() -> None:
    out = qdet("--help").stdout
    assert all(f"  {command}" in out for command in COMMANDS)
    assert "Exit codes" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    done = qdet(command, "--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 10


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("hunt", ["Exit codes:", "event id", "whole day"]),
        ("convert", ["Examples:"]),
        ("build", ["is replaced"]),
        ("check", ["SARIF", "GitHub"]),
    ],
)
def test_help_teaches(command: str, words: list[str]) -> None:
    assert [word for word in words if word not in qdet(command, "--help").stdout] == []


def test_without_arguments_it_explains_itself() -> None:
    done = qdet()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == qdet("--help").stdout


def test_a_slip_in_a_command_is_pointed_out() -> None:
    done = qdet("chekc")
    assert done.returncode == 2
    assert "No such command 'chekc'. Did you mean 'check'?" in done.stderr


def test_help_does_not_wait_for_pysigma() -> None:
    code = "import sys; from amazon_q_detections.cli import app; app(['--help'], standalone_mode=False); print('sigma' in sys.modules, 'rich' in sys.modules, 'botocore' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False False"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["convert"],
        ["convert", "no/such/file.yml", "--target", "splunk"],
        ["convert", SINGLE, "--target", "splnk"],
        ["list", "cats"],
        ["build", "--out"],
    ],
)
def test_unusable_arguments_exit_with_2_and_no_traceback(arguments: list[str | Path]) -> None:
    done = qdet(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "Error" in done.stderr


def test_nothing_is_coloured_in_a_pipe() -> None:
    for arguments in (["list", "rules"], ["--help"], ["check"], ["convert", str(SINGLE), "--target", "splunk"]):
        done = qdet(*arguments)
        assert "\x1b" not in done.stdout + done.stderr


def test_quiet_silences_talk_only() -> None:
    loud, quiet = qdet("test", SINGLE), qdet("test", SINGLE, "-q")
    assert loud.stderr.strip()
    assert (quiet.stderr, quiet.returncode) == ("", 0)


@pytest.mark.parametrize(
    "command", ["list rules", f"convert {SINGLE.parent.parent / 'chat_controls'} --target splunk", "test --json"]
)
def test_a_closed_pipe_is_no_error(command: str) -> None:
    text = f"{QDET} {command} | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False, cwd=CHECKOUT)
    assert done.stdout.count("\n") == 1
    assert done.returncode == 0
    assert "Error" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("end", "code"), [(">/dev/full", 2), (">&-", 0)])
def test_an_output_that_takes_nothing_is_no_traceback(end: str, code: int) -> None:
    done = subprocess.run(["bash", "-c", f"{QDET} list rules {end}"], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == code


def test_half_a_surrogate_pair_is_shown_escaped(tmp_path: Path) -> None:
    rule = yaml.safe_load(SINGLE.read_text())
    (tmp_path / "aws_any_rule.yml").write_text(
        yaml.safe_dump({**rule, "detection": {"s": {"eventName": "A"}, "condition": "s"}})
    )
    (tmp_path / "a.json").write_text('{"eventName": "A", "eventID": "\\ud800"}')
    for form in ([], ["--json"]):
        done = qdet("hunt", tmp_path / "a.json", "--rules", tmp_path / "aws_any_rule.yml", *form)
        assert done.returncode == 0, done.stderr
        assert "\\ud800" in done.stdout


def test_a_title_is_no_markup_on_a_terminal(tmp_path: Path) -> None:
    rule = yaml.safe_load(SINGLE.read_text())
    (tmp_path / "aws_any_rule.yml").write_text(yaml.safe_dump({**rule, "title": "Plugin [/b] [bold]gone\x1b[31m"}))
    ours, theirs = os.openpty()
    with subprocess.Popen([QDET, "list", "rules", "--rules", tmp_path], stdout=theirs) as process:
        os.close(theirs)
        shown = os.read(ours, 10_000).decode()
    assert process.returncode == 0
    assert "Plugin [/b] [bold]gone\\x1b[31m" in shown


@pytest.mark.parametrize(
    ("what", "keys"),
    [
        ("rules", ["stem", "category", "level", "status", "title", "id", "correlation", "path"]),
        ("targets", ["target", "formats"]),
        ("schemas", ["target", "schema"]),
        ("engines", ["engine", "meaning"]),
    ],
)
def test_lists_have_stable_keys(what: str, keys: list[str]) -> None:
    rows = [json.loads(line) for line in qdet("list", what, "--json").stdout.splitlines()]
    assert rows
    assert all(list(row) == keys for row in rows)


@pytest.mark.parametrize(("target", "text_format"), [(one.name, form) for one in targets.TARGETS for form in one.formats])
def test_convert_gives_every_format(target: str, text_format: str) -> None:
    plain = qdet("convert", SINGLE, "--target", target, "--format", text_format)
    assert (plain.returncode, plain.stderr) == (0, "")
    row = json.loads(qdet("convert", SINGLE, "--target", target, "--format", text_format, "--json").stdout)
    assert list(row) == ["stem", "id", "target", "schema", "format", "query"]
    assert row["query"] == plain.stdout.rstrip("\n")
    assert "DeletePlugin" in row["query"]


def test_convert_resolves_references_of_a_correlation(tmp_path: Path) -> None:
    text = """
title: Many Deletions
id: 5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e14
correlation: {type: event_count, rules: [%s], group-by: [userIdentity.arn], timespan: 10m, condition: {gte: 3}}
level: high
"""
    (tmp_path / "aws_many_deletions.yml").write_text(text % ruleset.load([SINGLE])[0].id)
    done = qdet("convert", tmp_path / "aws_many_deletions.yml", "--target", "splunk")
    assert done.returncode == 0, done.stderr
    assert "DeletePlugin" in done.stdout


def test_a_built_in_rule_is_found_by_its_name(tmp_path: Path) -> None:
    by_name = subprocess.run(
        [QDET, "convert", SINGLE.stem, "--target", "splunk"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert by_name.stdout == qdet("convert", SINGLE, "--target", "splunk").stdout
    done = qdet("convert", "aws_*", "--target", "splunk")
    assert done.returncode == 2
    assert "'aws_*' does not exist" in done.stderr


def test_a_built_in_rule_that_a_users_correlation_silences_is_named(tmp_path: Path) -> None:
    (tmp_path / "acme_many_deletions.yml").write_text(
        "title: Many\nid: 5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e99\nlevel: low\ndescription: Many plugins went.\n"
        "correlation: {type: event_count, rules: [304b0cea-ae72-449b-a16d-26a325275fb6], timespan: 1h, condition: {gte: 3}}\n"
    )
    done = qdet("list", "rules", "--rules", tmp_path, "--with-builtin")
    assert "aws_amazonq_plugin_deleted\t" not in done.stdout
    assert "aws_amazonq_plugin_deleted: raises no alerts of its own, since acme_many_deletions counts it" in done.stderr
    done = qdet("check", "--rules", tmp_path, "--with-builtin", "--json")
    assert "orphan-events" not in done.stdout


def test_convert_names_an_unset_list_and_a_declared_refusal() -> None:
    rules = ruleset.load([content.folder("sigma_rules")])
    needing = next(one for one in rules if one.needed_placeholders)
    done = qdet("convert", needing.path, "--target", "splunk")
    assert (done.returncode, done.stdout) == (1, "")
    assert needing.needed_placeholders[0] in done.stderr
    refusing = next(one for one in rules if "cloudwatch" in one.refusals)
    done = qdet("convert", refusing.path, "--target", "cloudwatch", "--json")
    assert done.returncode == 0
    assert list(json.loads(done.stdout)) == ["stem", "target", "refused"]


def test_a_list_that_no_rule_has_is_named(tmp_path: Path) -> None:
    (tmp_path / "lists.yml").write_text("vpn_addresses: [192.0.2.1]")
    done = qdet("list", "rules", "--placeholders", tmp_path / "lists.yml")
    assert done.returncode == 0
    assert "no rule has the placeholder 'vpn_addresses'" in done.stderr
    assert qdet("list", "rules", "--placeholders", tmp_path / "lists.yml", "-q").stderr == ""
    (tmp_path / "lists.yml").write_text("AmazonQ_plugin_endpoint: [https://example.com/*]")
    done = qdet("list", "rules", "--placeholders", tmp_path / "lists.yml")
    assert done.returncode == 2
    assert "Did you mean 'amazonq_plugin_endpoints'?" in done.stderr


def test_test_gives_one_verdict_a_case_and_a_junit_file(tmp_path: Path) -> None:
    done = qdet("test", SINGLE, "--json", "--junit", tmp_path / "report.xml")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(list(row) == ["stem", "engine", "schema", "event", "expected", "got"] for row in rows)
    assert {row["expected"] for row in rows} == {True, False}
    assert (tmp_path / "report.xml").read_text().count("<testcase ") == len(rows)


def test_a_rule_without_events_is_in_every_report(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    done = qdet("test", SINGLE, "--events", tmp_path / "events", "--json", "--junit", tmp_path / "report.xml")
    assert done.returncode == 1
    assert json.loads(done.stdout)["refused"].startswith("no events file")
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "1")


REFUSED = {
    "what pySigma refuses": ("condition: selection", "condition: selection or", "pySigma refuses the rule"),
    "no YAML": ("title:", "title: [", "is not YAML"),
    "a wrong form": ("level: low", "level: lo", "Did you mean 'low'?"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_rule_that_cannot_be_tested_is_named_and_the_rest_is_tested(tmp_path: Path, fault: str) -> None:
    old, new, message = REFUSED[fault]
    for stem in (SINGLE.stem, "aws_amazonq_plugin_created"):
        (tmp_path / f"{stem}.yml").write_text(SINGLE.with_stem(stem).read_text())
    text = SINGLE.read_text()
    (tmp_path / SINGLE.name).write_text(text.replace(old, new, 1))
    report = tmp_path / "report.xml"
    done = qdet("test", "--rules", tmp_path, "--events", content.folder("events"), "--json", "--junit", report)
    assert done.returncode == 1
    assert message in done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["stem"] for row in rows if "refused" in row} == {SINGLE.stem}
    assert {row["stem"] for row in rows if "got" in row} == {"aws_amazonq_plugin_created"}
    assert ElementTree.parse(report).getroot().get("errors") == "1"


def test_an_unusable_events_file_is_named_and_the_rest_is_tested(tmp_path: Path) -> None:
    (tmp_path / SINGLE.name).write_text("match: [{1: 2}]")
    events = content.folder("events") / "plugins" / "aws_amazonq_plugin_created.yml"
    (tmp_path / events.name).write_text(events.read_text())
    done = qdet("test", SINGLE, SINGLE.with_stem(events.stem), "--events", tmp_path)
    assert done.returncode == 1
    assert "eventSource is missing or no text. Known: 1." in done.stderr
    assert "1 could not be tested" in done.stderr


@pytest.mark.parametrize("shared", ["rule", "events file"])
def test_two_files_of_one_name_are_not_taken_for_one_another(tmp_path: Path, shared: str) -> None:
    for folder, source in (("rules", SINGLE), ("events", content.folder("events") / "plugins" / SINGLE.name)):
        (tmp_path / folder / "again").mkdir(parents=True)
        for place in (tmp_path / folder, tmp_path / folder / "again")[: 1 + (folder == f"{shared.split()[0].rstrip('s')}s")]:
            (place / SINGLE.name).write_text(source.read_text())
    done = qdet("test", "--rules", tmp_path / "rules", "--events", tmp_path / "events")
    assert done.returncode == 1
    assert f"{SINGLE.stem}: two {shared}s of one name" in done.stderr


def test_an_engine_that_is_none_is_no_finding() -> None:
    assert qdet("test", SINGLE, "--engine", "sigmo").returncode == 2


def test_a_junit_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    done = qdet("test", SINGLE, "--junit", tmp_path / "nowhere" / "report.xml")
    assert done.returncode == 2
    assert "report.xml: cannot be written" in done.stderr


def test_a_case_with_odd_characters_is_in_a_good_junit_file(tmp_path: Path) -> None:
    text = (content.folder("events") / "plugins" / f"{SINGLE.stem}.yml").read_text()
    (tmp_path / f"{SINGLE.stem}.yml").write_text(text.replace("- name: ", '- name: "\\e\\0" #', 1))
    assert qdet("test", SINGLE, "--events", tmp_path, "--junit", tmp_path / "report.xml").returncode == 0
    names = [case.get("name") for case in ElementTree.parse(tmp_path / "report.xml").iter("testcase")]
    assert "\ufffd\ufffd" in names


def test_a_wrong_expectation_fails_by_name(tmp_path: Path) -> None:
    events = content.folder("events") / "plugins" / f"{SINGLE.stem}.yml"
    (tmp_path / events.name).write_text(
        events.read_text().replace("no_match:", "X:").replace("match:", "no_match:").replace("X:", "match:")
    )
    done = qdet("test", SINGLE, "--events", tmp_path)
    assert done.returncode == 1
    assert f"FAILED {SINGLE.stem} [sigma]" in done.stdout
    assert "should match and does not" in done.stdout


def test_events_of_a_users_rules_must_be_named() -> None:
    done = qdet("test", "--rules", CHECKOUT / "tests")
    assert done.returncode == 2
