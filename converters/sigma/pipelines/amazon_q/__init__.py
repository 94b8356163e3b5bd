"""Publishes the pipelines of `pipelines/` to pySigma as `amazon_q_<stem>`; a file is read when its pipeline is asked for."""

from functools import partial

from amazon_q_detections import content
from amazon_q_detections.conversion import pipeline

pipelines = {
    f"amazon_q_{path.stem}": partial(pipeline, path.stem) for path in sorted(content.folder("pipelines").glob("*.yml"))
}

__all__ = ["pipelines"]
