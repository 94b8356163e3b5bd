"""The declarative pipelines: each is one that pySigma reads, named for its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections import content, conversion, targets
from amazon_q_detections.check.finding import Finding
from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def findings(folder: Path) -> Iterator[Finding]:
    """The findings in a folder of pipelines: unreadable ones, wrong names, and schemas without one."""
    found = {path.stem: path for path in content.yaml_files([folder])}
    for target in targets.TARGETS:
        for schema in target.schemas:
            stem = f"{target.name}_{schema}"
            if stem not in found:
                yield Finding(folder, "", "pipeline", f"has no {stem}.yml, the schema {schema} of {target.name}.")
    for stem, path in found.items():
        try:
            pipeline = conversion.read(path)
        except ContentError as error:
            yield Finding.of(error, "pipeline")
            continue
        if pipeline.name != f"amazon_q_{stem}":
            yield Finding(
                path, "name", "pipeline", f"{pipeline.name!r} is not 'amazon_q_{stem}', the id it is published under."
            )
