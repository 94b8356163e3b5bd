"""Reading content: what no command may hang on, and what it must not pass over in silence."""

import os
from pathlib import Path

import pytest

from amazon_q_detections import content
from amazon_q_detections.errors import ContentError, did_you_mean

LEVELS = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
MERGES = "\n".join(f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 9)}]}}" for n in range(1, 12))


def read(tmp_path: Path, text: str) -> list[object]:
    (tmp_path / "a.yml").write_text(text)
    return content.read_yaml(tmp_path / "a.yml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"l0: &l0 [x]\n{LEVELS}", "line 1: has aliases that stand for more than 100000 values"),
        (f"l0: &l0 {{x: y}}\n{MERGES}", "line 1: has aliases that stand for more than 100000 values"),
        ("a: b\nmatch: &z [*z]", "line 2: holds itself"),
        ("&z {a: {b: *z}}", "holds itself"),
        ("a: b\n---\n&z [[*z]]", "line 3: holds itself"),
        ("[" * 900, "is n"),
        ("a: b\nc: [1, !!int 0129]", "line 2: holds a number or a date that is none"),
        ("a: 2026-01-01\nc: {2026-13-01: 1}", "line 2: holds a number or a date that is none: month must be in"),
    ],
    ids=["aliases", "merges", "list", "mapping", "second document", "deep", "number", "date"],
)
def test_a_document_that_nobody_could_read_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ContentError, match=f"a.yml: .*{message}"):
        read(tmp_path, text)


def test_a_document_may_be_long_and_share_what_it_repeats(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "r: &r {a: [1, 2]}\nall:\n" + "- {<<: *r, b: 'a & b'}\n" * 9000)
    assert isinstance(document, dict)
    assert document["all"][-1] == {"a": [1, 2], "b": "a & b"}


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    for name in ("rules/a.yml/inner.yml", "elsewhere/linked.yaml", "rules/sub/deep.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "rules" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "rules" / "sub" / "back").symlink_to(tmp_path / "rules")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "elsewhere")
    found = [path.relative_to(tmp_path / "rules").as_posix() for path in content.yaml_files([tmp_path / "rules"])]
    assert found == ["a.yml/inner.yml", "link/linked.yaml", "sub/deep.yml"]


def test_what_is_called_like_a_file_and_is_none_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yml")
    for place in (tmp_path, tmp_path / "x.yml"):
        with pytest.raises(ContentError, match=r"x\.yml: is no regular file"):
            list(content.yaml_files([place]))


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def closed(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(ContentError, match="closed: cannot be read: Permission denied"):
        list(content.yaml_files([tmp_path]))


def test_a_list_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lists.yml"
    path.write_text("hosts: [a]\nbuckets: [b]\nhosts: ['*']\n")
    with pytest.raises(ContentError, match="line 3: hosts: is given twice") as caught:
        content.read_placeholders(path)
    assert caught.value.line == 3
    path.write_text("hosts: [a]\nbuckets: [a]\n")
    assert content.read_placeholders(path) == {"hosts": ("a",), "buckets": ("a",)}


def test_a_suggestion_is_found_in_any_case_and_among_any_keys() -> None:
    assert did_you_mean("ARN", ["arn", "accountId"]) == "Did you mean 'arn'?"
    assert did_you_mean("x", {1: 2, None: 3}) == "Known: 1, None."
