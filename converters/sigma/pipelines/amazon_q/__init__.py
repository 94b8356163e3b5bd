"""Publishes the pipelines of `pipelines/` to pySigma as `amazon_q_<stem>`; a file is read when its pipeline is asked for."""

from collections.abc import Callable

from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline

from amazon_q_detections import content, conversion
from sigma.pipelines.amazon_q.absent_values import AbsentValues


def _published(stem: str) -> Callable[[], ProcessingPipeline]:
    """A plain function, the only callable that pySigma takes for a pipeline."""

    def read() -> ProcessingPipeline:
        own = conversion.read(content.folder("pipelines") / f"{stem}.yml")
        absent = conversion.schema_in(own).get("absent_values")
        if absent:  # our compilers read it from the schema; the stock backends, which this is for, do not
            said = ProcessingItem(AbsentValues(absent), identifier="absent_values")
            said.set_pipeline(own)
            own.items.append(said)
        return own

    return read


pipelines = {f"amazon_q_{path.stem}": _published(path.stem) for path in sorted(content.folder("pipelines").glob("*.yml"))}

__all__ = ["pipelines"]
