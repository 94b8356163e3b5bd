"""Texts that a rule has for people, as they may stand in files with a syntax of their own."""

from __future__ import annotations


def one_line(text: str) -> str:
    """*text* on one line: white space of any kind, and what cannot be printed, becomes a single space."""
    words = " ".join(text.split())
    if words.isprintable():
        return words
    return " ".join("".join(char if char.isprintable() else " " for char in words).split())
