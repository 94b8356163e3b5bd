"""What several test files share."""

import signal
from collections.abc import Iterator

import pytest
from opened_engines import OpenedEngines
from opensearch_node import NEWEST, OLDER, Node

from amazon_q_detections.errors import ContentError


def pytest_configure() -> None:
    """A run that is told to end (SIGTERM) stops the nodes that it has started."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("told to end", returncode=128 + signal.SIGTERM))


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """A real OpenSearch, one for the whole run; each test makes its own indexes."""
    yield from _started(NEWEST)


@pytest.fixture(scope="session")
def older() -> Iterator[Node]:
    """A real OpenSearch 2, which has the nested template only."""
    yield from _started(OLDER)


@pytest.fixture(scope="session")
def opened(request: pytest.FixtureRequest) -> Iterator[OpenedEngines]:
    """Every engine in every schema, opened when it is first asked for; OpenSearch's on the run's own node."""
    with OpenedEngines(lambda: request.getfixturevalue("node").url) as engines:
        yield engines


def _started(release: str) -> Iterator[Node]:
    try:
        started = Node(release)
    except ContentError as error:
        pytest.fail(str(error), pytrace=False)
    yield started
    started.stop()
