"""What several test files share."""

import signal
from collections.abc import Iterator

import pytest
from opensearch_node import NEWEST, OLDER, Node


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


def _started(release: str) -> Iterator[Node]:
    try:
        started = Node(release)
    except RuntimeError as error:
        pytest.fail(str(error), pytrace=False)
    yield started
    started.stop()
