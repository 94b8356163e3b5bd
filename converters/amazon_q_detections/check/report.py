"""Findings as text, JSON lines, SARIF, or GitHub annotations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from amazon_q_detections import __version__, json_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from amazon_q_detections.check.finding import Finding

FORMATS = ("text", "json", "sarif", "github")


def lines(findings: Sequence[Finding], form: str) -> Iterator[str]:
    """The report in one of FORMATS, line by line."""
    if form == "sarif":
        yield from json_output.in_ascii(_sarif(findings), indent=2).split("\n")
    else:
        write: dict[str, Callable[[Finding], str]] = {"text": str, "json": _json, "github": _github}
        yield from (write[form](finding) for finding in findings)


def _json(finding: Finding) -> str:
    return json_output.in_ascii(
        {
            "path": str(finding.path),
            "line": finding.line,
            "key": finding.key,
            "code": finding.code,
            "severity": finding.severity,
            "message": finding.message,
        }
    )


def _github(finding: Finding) -> str:
    """A workflow command (GitHub Actions, "Workflow commands"): `%`, CR, LF are escaped, in properties `:` and `,`."""
    place = f"file={_property(_shown(finding.path))}" + (f",line={finding.line}" if finding.line else "")
    text = f"{finding.key}: {finding.message}" if finding.key else finding.message
    return f"::{finding.severity} {place},title={_property(finding.code)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(findings: Sequence[Finding]) -> dict[str, Any]:
    """SARIF 2.1.0, as code scanning services read it."""
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "qdet",
                        "version": __version__,
                        "rules": [{"id": code} for code in sorted({finding.code for finding in findings})],
                    }
                },
                "results": [_result(finding) for finding in findings],
            }
        ],
    }


def _result(finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": finding.code,
        "level": finding.severity,
        "message": {"text": f"{finding.key}: {finding.message}" if finding.key else finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(finding.path)},
                    "region": {"startLine": finding.line or 1},
                }
            }
        ],
    }


def _uri(path: Path) -> str:
    """A URI reference (SARIF 2.1.0, 3.4.3): from the working directory, or else a whole `file:` URI."""
    shown = _shown(path)
    return path.resolve().as_uri() if Path(shown).is_absolute() or ".." in Path(shown).parts else quote(os.fsencode(shown))


def _shown(path: Path) -> str:
    """The path from the working directory, where the file lies below it, as annotations want it."""
    absolute = path.resolve()
    here = Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else path).as_posix()
