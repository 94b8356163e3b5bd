"""The formats in which `qdet check` prints its findings: text, JSON lines, GitHub annotations, SARIF."""

import json
from pathlib import Path

import good_content
import pytest
from good_content import STEM, changed, check

from amazon_q_detections.check import report


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return good_content.write(tmp_path)


@pytest.mark.parametrize("form", report.FORMATS)
def test_every_format_names_file_key_and_message(content: Path, form: str) -> None:
    changed("rules", "'012345670123'", "012345670123")(content)
    out = check(content, "--format", form).stdout
    assert "aws_batch_uploaded.yml" in out
    assert "detection.selection.recipientAccountId" in out
    assert "Quote it" in out


def test_github_annotations_escape_what_would_end_them(content: Path) -> None:
    changed("rules", "level: low", "level: 'lo%0A::error::x\n'")(content)
    out = check(content, "--format", "github").stdout
    assert "%250A" in out
    assert all(line.startswith("::error file=") for line in out.splitlines())


def test_sarif_points_to_the_line(content: Path) -> None:
    changed("rules", "'012345670123'", "012345670123")(content)
    document = json.loads(check(content, "--format", "sarif").stdout)
    (result,) = [one for one in document["runs"][0]["results"] if one["ruleId"] == "leading-zero"]
    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert "012345670123" in (content / "rules" / f"{STEM}.yml").read_text().splitlines()[line - 1]


def test_sarif_names_any_file_by_a_uri(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = content / "rules" / "aws batch#1%.yml"
    (content / "rules" / f"{STEM}.yml").rename(odd)
    uris = []
    for folder in (content, content / "events"):
        monkeypatch.chdir(folder)
        (run,) = json.loads(check(content, "--format", "sarif").stdout)["runs"]
        uris += [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]]
    assert "rules/aws%20batch%231%25.yml" in uris
    assert odd.as_uri() in uris
