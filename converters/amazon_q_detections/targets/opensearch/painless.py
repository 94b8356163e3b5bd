"""The scripts of this folder (OpenSearch documentation, "Script APIs")."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def script(name: str) -> str:
    """A script without its comments and line breaks, which a query need not carry."""
    lines = Path(__file__).with_name(f"{name}.painless").read_text(encoding="utf-8").splitlines()
    return " ".join(line.strip() for line in lines if line.strip() and not line.strip().startswith("//"))
