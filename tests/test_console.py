"""How `qdet` talks when nobody listens, when the disk is full, on a terminal, and when it is told to stop."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from amazon_q_detections import content

QDET = Path(sys.executable).with_name("qdet")
STEM = "aws_amazonq_plugin_deleted"
RULE = yaml.safe_load((content.folder("sigma_rules") / "plugins" / f"{STEM}.yml").read_text())
EVENTS = (content.folder("events") / "plugins" / f"{STEM}.yml").read_text()
HOSTILE = "x\n::error file=a::pwned\x1b]0;t\x07\u202e\u2028"
SHOWN = r"x\n::error file=a::pwned\x1b]0;t\x07\u202e\u2028"
ANYTHING = {**RULE, "detection": {"s": {"eventName": "A"}, "condition": "s"}}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A rule and its events, which fail `test` (nothing matches) and `check` (no such operation)."""
    for folder in ("rules", "events"):
        (tmp_path / folder).mkdir()
    rule = {**RULE, "detection": {"s": {"eventSource": "qbusiness.amazonaws.com", "eventName": "X"}, "condition": "s"}}
    (tmp_path / "rules" / f"{STEM}.yml").write_text(yaml.safe_dump(rule))
    (tmp_path / "events" / f"{STEM}.yml").write_text(EVENTS)
    return tmp_path


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command in a pipe to a reader that takes nothing, or wherever it says; the code is `qdet`'s own."""
    text = f"set -o pipefail; {QDET} {command}"
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False, cwd=folder)


def on_a_terminal(*arguments: str | Path, folder: Path) -> str:
    """What a terminal of 200 columns gets to see, as it is sent."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    with subprocess.Popen([QDET, *arguments], stdout=theirs, stderr=theirs, cwd=folder, env=environment) as process:
        os.close(theirs)
        sent = b""
        try:
            while part := os.read(ours, 10_000):
                sent += part
        except OSError:  # Linux says so when the other end is closed
            pass
    assert process.returncode in (0, 1)
    os.close(ours)
    return sent.decode()


@pytest.mark.parametrize("end", ["| head -n 0", "2>&-", "2>/dev/full", "2> >(head -n 0)"])
@pytest.mark.parametrize(
    "command", ["check --rules rules --events events", "test --rules rules --events events", "build --rules rules --check"]
)
def test_a_verdict_does_not_depend_on_who_listens(mine: Path, command: str, end: str) -> None:
    done = shell(f"{command} {end}", mine)
    assert (done.returncode, done.stderr.count("Traceback")) == (1, 0), done.stderr


@pytest.mark.parametrize("end", ["| head -n 0", ">&-", "2>&-", "2>/dev/full"])
def test_a_build_is_made_though_nobody_listens(mine: Path, end: str) -> None:
    (mine / "rules" / "aws_any_word.yml").write_text(
        yaml.safe_dump({**RULE, "id": "5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e12", "detection": {"s": ["word"], "condition": "s"}})
    )
    assert shell(f"build --rules rules --out o --json {end}", mine).returncode == 1
    assert (mine / "o" / "splunk" / "manifest.json").is_file()


def test_help_may_be_left_unread(tmp_path: Path) -> None:
    assert shell("--help | head -n 0", tmp_path).returncode == 0


@pytest.mark.parametrize("form", ["text", "github"])
def test_hostile_text_stays_on_its_line(mine: Path, form: str) -> None:
    events = yaml.safe_load(EVENTS)
    events["match"][0]["name"] = events["match"][1]["name"] = HOSTILE
    (mine / "events" / f"{STEM}.yml").write_text(yaml.safe_dump(events))
    done = shell(f"check --rules rules --events events --format {form}", mine)
    (line,) = [line for line in done.stdout.split("\n") if "duplicate-name" in line]
    assert SHOWN.replace(r"\n", "%0A") in line if form == "github" else SHOWN in line
    done = shell("test --rules rules --events events", mine)
    assert repr(HOSTILE)[1:-1] in done.stdout
    assert not re.search(r"[\x1b\u202e]", done.stdout + done.stderr)


def test_hostile_names_and_titles_stay_in_their_error(mine: Path) -> None:
    rule = {**RULE, "title": HOSTILE, "detection": {**RULE["detection"], "condition": "nothing"}}
    (mine / "rules" / "aws_\x1b[31m_rule.yml").write_text(yaml.safe_dump(rule))
    done = shell("convert rules --target splunk", mine)
    assert done.returncode == 2
    assert r"aws_\x1b[31m_rule" in done.stderr
    assert done.stderr.count("\n") == 1
    (mine / "rules" / "aws_\x1b[31m_rule.yml").write_text(yaml.safe_dump(rule | {"detection": RULE["detection"]}))
    (mine / "rules" / "aws_\x1b[31m_rule.yml").rename(mine / "rules" / "aws_a_rule.yml")
    assert shell("build --rules rules --out o", mine).returncode == 0
    (mine / "o" / "splunk" / "\x1b]0;x\x07\n").write_text("")
    done = shell("build --rules rules --out o --check", mine)
    assert done.stdout == r"splunk/\x1b]0;x\x07\n" + "\n"


def test_json_is_ascii(mine: Path) -> None:
    rule = {**RULE, "title": "Größe \x7f\u202e"}
    (mine / "rules" / f"{STEM}.yml").write_text(yaml.safe_dump(rule, allow_unicode=True))
    out = shell("list rules --rules rules --json", mine).stdout
    assert out.isascii()
    assert "\x7f" not in out
    assert json.loads(out)["title"] == "Größe \x7f\u202e"
    text = f"PYTHONIOENCODING=latin-1 {QDET} list rules --rules rules"
    raw = subprocess.run(["bash", "-c", text], capture_output=True, check=True, cwd=mine).stdout
    assert b"Gr\xf6\xdfe \\x7f\\u202e" in raw


def test_a_query_keeps_its_odd_characters_in_a_pipe_and_shows_them_on_a_terminal(mine: Path) -> None:
    rule = {**RULE, "detection": {"s": {"eventSource": "qbusiness.amazonaws.com", "userAgent": "a\x1b[31mb"}, "condition": "s"}}
    (mine / "rules" / f"{STEM}.yml").write_text(yaml.safe_dump(rule))
    arguments = ["convert", mine / "rules", "--target", "opensearch", "--format", "lucene"]
    piped = subprocess.run([QDET, *arguments], capture_output=True, text=True, check=True).stdout
    assert "\x1b" in piped
    shown = on_a_terminal(*arguments, folder=mine)
    assert "\x1b[31m" not in shown
    assert r"\x1b" in shown


@pytest.mark.parametrize("command", ["test --rules rules --events events", "hunt events --rules rules"])
def test_a_line_begins_where_the_bar_stood(mine: Path, command: str) -> None:
    (mine / "rules" / f"{STEM}.yml").write_text(yaml.safe_dump(RULE))
    (mine / "events" / f"{STEM}.yml").write_text(
        EVENTS.replace("no_match:", "X:").replace("match:", "no_match:").replace("X:", "match:")
    )
    sent = on_a_terminal(*command.split(), folder=mine)
    lines = [line for line in sent.split("\r\n") if STEM in line]
    assert "━" in sent
    assert lines
    for line in lines:
        assert re.fullmatch(r"(FAILED|2026-)[^\x1b]*", line.rpartition("\x1b[2K")[2]), line


def test_what_is_printed_beside_a_bar_stays_on_stdout(mine: Path) -> None:
    (mine / "rules" / f"{STEM}.yml").write_text(yaml.safe_dump(RULE))
    ours, theirs = pty.openpty()
    command = [QDET, "hunt", "events", "--rules", "rules"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True, cwd=mine)
    os.close(theirs)
    os.close(ours)
    assert done.stdout.count(b"\n") == 2
    assert b"\x1b" not in done.stdout


SLOW_BUILD = """
import sys, time
from pathlib import Path
from amazon_q_detections import bundle, cli
rename = Path.rename
def slow(self, target):
    done = rename(self, target)
    if target.name == "opensearch":
        Path.rename = rename
        print("half", flush=True)
        time.sleep(30)
    return done
Path.rename = slow
sys.argv = ["qdet", "build", "--out", "o"]
cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_build_that_is_stopped_leaves_what_was_there(mine: Path, number: signal.Signals) -> None:
    assert shell("build --rules rules --out o", mine).returncode == 0
    before = {path: path.read_bytes() for path in (mine / "o").rglob("*") if path.is_file()}
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_BUILD], cwd=mine, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.send_signal(number)
        _, talk = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert "Traceback" not in talk
    assert {path: path.read_bytes() for path in (mine / "o").rglob("*") if path.is_file()} == before
    assert {path.name for path in (mine / "o").iterdir()} == {"splunk", "opensearch", "cloudwatch"}
