"""`make proof`: at least 20,000 rule/event pairs on each engine and schema; ends in `N pairs, D disagreements`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from amazon_q_detections import engines
from amazon_q_detections.engine import Session
from proof.harness import Batch, Proof, batches, sequences
from proof.tally import Tally

_PAIRS = 20_000
# The pairs of a batch of single events, and of sequences, about.
_OF_BATCH, _OF_SEQUENCE = 600, 18


def main() -> int:
    """Run the proof; the exit code is 1 where anything disagrees."""
    parser = argparse.ArgumentParser(prog="proof", description=__doc__)
    parser.add_argument("--pairs", type=int, default=_PAIRS, help="pairs on each engine and schema, at least (20000)")
    parser.add_argument("--seed", type=int, default=1, help="the same pairs for the same seed (1)")
    parser.add_argument("--engine", action="append", default=[], help="only this engine; repeatable")
    parser.add_argument("--schema", action="append", default=[], help="only this schema; repeatable")
    parser.add_argument("--url", help="a running OpenSearch")
    parser.add_argument("--first", action="store_true", help="stop at the first disagreement")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables of the run to FILE")
    given = parser.parse_args()
    chosen = [choice for choice in engines.choices(given.engine, given.schema) if choice.schema]
    proof = Proof()
    with Session(given.url) as session:
        opened = {choice: choice.open(session) for choice in chosen}
        for at, batch in enumerate(_batches(given.pairs, given.seed)):
            proof.run([batch], opened)
            if proof.disagreements and given.first:
                break
            if at % 10 == 0:
                print(f"\r{min(proof.tally.pairs.values(), default=0):,} pairs", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for one in proof.disagreements:
        print(one)
    told = [*proof.tally.lines(), "", *_refusals(proof.tally)]
    total = sum(proof.tally.pairs.values())
    closing = f"{total:,} pairs, {len(proof.disagreements)} disagreements"
    print("\n".join([*told, "", closing]))
    if given.write:
        given.write.write_text(_page(told, closing, given.pairs, given.seed), encoding="utf-8")
    return 1 if proof.disagreements else 0


def _batches(pairs: int, seed: int) -> Iterator[Batch]:
    """Single events for nine tenths of the pairs, sequences for the rest; more than asked, since some rules are refused."""
    yield from batches(pairs * 13 // 10 // _OF_BATCH + 1, seed)
    yield from sequences(pairs // 10 // _OF_SEQUENCE + 1, seed)


def _refusals(tally: Tally) -> list[str]:
    found = list(tally.refusal_lines())
    return ["| engine | refused by name | rules |", "|---|---|---|", *found] if found else []


def _page(told: list[str], closing: str, pairs: int, seed: int) -> str:
    heading = [
        "# The differential proof",
        "",
        "Random rules over the whole contract on random records in the shape of CloudTrail's, each compiled to every target and log schema",
        "and run on its engine, held against the meaning itself. A cell has the rule/event pairs, how many of them raise the rule, and how",
        f"many rules were refused by name. This is the run of `make proof`: at least {pairs:,} pairs on each, seed {seed}.",
        "",
    ]
    return "\n".join([*heading, *told, "", closing, ""])


if __name__ == "__main__":
    sys.exit(main())
