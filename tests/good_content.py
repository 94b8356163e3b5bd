"""A good rule with good events, to be run through `qdet check` after a change."""

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from amazon_q_detections import cli

RULE = """
title: Batch Uploaded
id: 0b9ae1b2-7ab5-4c0c-8e7f-7c2f4d0f4c11
status: test
description: Documents were uploaded.
author: tests
date: 2026-01-01
tags: [attack.impact, attack.t1565.001]
references: [https://example.com]
logsource:
    product: aws
    service: cloudtrail
    definition: 'Requirements: data events of AWS::QBusiness::Index.'
detection:
    selection:
        eventSource: qbusiness.amazonaws.com
        eventName: BatchPutDocument
        errorCode: null
        requestParameters.documents.content.s3.bucket: evil-bucket
        recipientAccountId: '012345670123'
    condition: selection
falsepositives: [Whoever loads the index by hand.]
level: low
qdet:
    version: 1
    category: documents
    prerequisite:
        events: data
        resource_types: ['AWS::QBusiness::Index']
    risk: 20
"""
EVENTS = """
match:
    - &match
      eventSource: qbusiness.amazonaws.com
      eventName: BatchPutDocument
      eventTime: '2026-01-01T00:00:00Z'
      eventID: 6c7b4d2e-0000-4000-8000-000000000001
      recipientAccountId: '012345670123'
      managementEvent: false
      eventCategory: Data
      requestParameters:
          applicationId: a1b2c3d4-5678-90ab-cdef-111122223333
          indexId: b1b2c3d4-5678-90ab-cdef-111122223333
          documents:
              - id: one
                content: {s3: {bucket: evil-bucket, key: one.txt}}
no_match:
    - <<: *match
      eventID: 6c7b4d2e-0000-4000-8000-000000000002
      errorCode: AccessDenied
      requestParameters: null
    - <<: *match
      eventID: 6c7b4d2e-0000-4000-8000-000000000003
      eventSource: kendra.amazonaws.com
      requestParameters: {indexId: b1b2c3d4-5678-90ab-cdef-111122223333, documents: [{id: one}]}
"""
STEM = "aws_batch_uploaded"


def write(folder: Path) -> Path:
    """The rule and its events, below *folder*."""
    for name, text in (("rules", RULE), ("events", EVENTS)):
        (folder / name).mkdir()
        (folder / name / f"{STEM}.yml").write_text(text)
    return folder


def check(content: Path, *options: str) -> Result:
    arguments = ["check", "--rules", str(content / "rules"), "--events", str(content / "events"), *options]
    return CliRunner().invoke(cli.app, arguments, standalone_mode=False)


def changed(folder: str, old: str, new: str) -> Callable[[Path], object]:
    def change(content: Path) -> None:
        path = content / folder / f"{STEM}.yml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def copied(content: Path, events: str = "7c7b4d2e") -> None:
    """A second rule with the id of the first, and its events with or without ids of their own."""
    for folder in ("rules", "events"):
        text = (content / folder / f"{STEM}.yml").read_text().replace("6c7b4d2e", events)
        (content / folder / "aws_another_rule.yml").write_text(text)


def counted(content: Path, *lines: str, id: str = "0b9ae1b2-7ab5-4c0c-8e7f-7c2f4d0f4c12") -> None:
    """The rule counted by a correlation in the same file, which says *lines* of its own."""
    said = {"type": "type: event_count", **{line.partition(":")[0]: line for line in lines}}
    body = "".join(f"    {line}\n" for line in said.values())
    text = f"---\ntitle: Many\nid: {id}\nlevel: low\ncorrelation:\n    rules: [batch_uploaded]\n    timespan: 1h\n{body}"
    path = content / "rules" / f"{STEM}.yml"
    path.write_text(path.read_text().replace("status: test", "name: batch_uploaded", 1) + text)
