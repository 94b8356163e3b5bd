"""What several test files share."""

from collections.abc import Iterator

import pytest
from opensearch_node import OLDER, Node


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """A real OpenSearch, one for the whole run; each test makes its own indexes."""
    started = Node()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def older() -> Iterator[Node]:
    """A real OpenSearch 2, which has the nested template only."""
    started = Node(OLDER)
    yield started
    started.stop()
