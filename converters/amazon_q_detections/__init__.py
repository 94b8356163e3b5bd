"""Sigma rules for Amazon Q on CloudTrail, compiled for three log platforms and proved on events."""

__version__ = "0.1.0"
