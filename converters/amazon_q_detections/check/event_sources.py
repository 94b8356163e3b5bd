"""Event sources, spelt as AWS spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections import service_model
from amazon_q_detections.check.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from amazon_q_detections.check.finding import Severity


def findings(path: Path, place: str, source: str) -> Iterator[Finding]:
    """The finding in one event source: in another case it is found by some targets only, misspelt by none."""
    if source != source.lower() and service_model.likely_source(source.lower()) is None:
        message = f"{source!r}: AWS spells it {source.lower()!r}, and CloudWatch heeds the case."
        yield Finding(path, place, "spelling", message, severity(source.lower()))
        return
    likely = service_model.likely_source(source.lower())
    if likely is not None:
        message = f"{source!r} is no event source that AWS's models name. Did you mean {likely!r}?"
        # Some services write their name with a hyphen in one place and without in another.
        doubt = likely.replace("-", "") == source.lower().replace("-", "")
        yield Finding(path, place, "unknown-source", message, "warning" if doubt else "error")


def severity(source: str) -> Severity:
    """How sure a finding is that rests on the service model of *source*."""
    return "error" if source in service_model.AUTHORITATIVE else "warning"
