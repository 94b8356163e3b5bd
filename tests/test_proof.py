"""A bounded share of the differential proof, the same pairs each time; `make proof` runs all of it."""

from __future__ import annotations

from functools import cache

import pytest
from opened_engines import CHOICES, NAMES, OpenedEngines
from proof.harness import Batch, Proof, batches, sequences

from amazon_q_detections.engines import Choice

PARTS = {"single events": 5, "sequences": 40}
SEED = 4


@cache
def made(part: str) -> tuple[Batch, ...]:
    return tuple((batches if part == "single events" else sequences)(PARTS[part], SEED))


@pytest.mark.parametrize(("choice", "name"), [one for one in zip(CHOICES, NAMES, strict=True) if one[0].schema], ids=NAMES[1:])
@pytest.mark.parametrize("part", PARTS)
def test_an_engine_agrees_with_the_meaning(choice: Choice, name: str, part: str, opened: OpenedEngines) -> None:
    proof = Proof()
    proof.run(made(part), {choice: opened[choice]})
    assert proof.disagreements == [], name
    assert proof.tally.pairs[choice] >= (1500 if part == "single events" else 400)
    assert sum(proof.tally.positives.values()) > (500 if part == "single events" else 50)
