"""Publishes the pipelines of `pipelines/` to pySigma as `amazon_q_<stem>`; a file is read when its pipeline is asked for."""

from collections.abc import Callable

from sigma.processing.pipeline import ProcessingPipeline

from amazon_q_detections import content
from amazon_q_detections.conversion import pipeline


def _published(stem: str) -> Callable[[], ProcessingPipeline]:
    """A plain function, the only callable that pySigma takes for a pipeline."""

    def read() -> ProcessingPipeline:
        return pipeline(stem)

    return read


pipelines = {f"amazon_q_{path.stem}": _published(path.stem) for path in sorted(content.folder("pipelines").glob("*.yml"))}

__all__ = ["pipelines"]
