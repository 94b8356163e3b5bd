"""The wheel as users get it: content inside, nothing foreign in site-packages, and the command runs."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the build backend that is installed, so that no network is needed."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked, which is all that installing a pure wheel does."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def names(folder: str, pattern: str) -> set[str]:
    return {path.relative_to(CHECKOUT / folder).as_posix() for path in (CHECKOUT / folder).rglob(pattern)}


@pytest.mark.parametrize(
    ("folder", "inside"),
    [
        ("sigma_rules", "amazon_q_detections/sigma_rules"),
        ("pipelines", "amazon_q_detections/pipelines"),
        ("tests/events", "amazon_q_detections/events"),
    ],
)
def test_the_wheel_holds_every_content_file(wheel: Path, folder: str, inside: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name.removeprefix(inside + "/")
            for name in archive.namelist()
            if name.startswith(inside + "/") and name.endswith(".yml")
        }
    assert packed == names(folder, "*.yml")
    assert packed


def test_nothing_foreign_lands_in_site_packages(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {
        "amazon_q_detections",
        "sigma",
    }
    for folder in ("sigma", "sigma/backends", "sigma/pipelines"):
        assert not (installed / folder / "__init__.py").exists(), "it would hide every other pySigma plugin"


def run(site: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from amazon_q_detections.cli import main; main()"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-c", code, str(site), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_installed_command_has_rules_and_events(installed: Path, tmp_path: Path) -> None:
    listed = run(installed, "list", "rules", "--json", cwd=tmp_path)
    rules = [json.loads(line) for line in listed.stdout.splitlines()]
    assert {Path(rule["path"]).name for rule in rules} == {Path(name).name for name in names("sigma_rules", "*.yml")}
    assert all(Path(rule["path"]).is_relative_to(installed) for rule in rules)
    tested = run(installed, "test", cwd=tmp_path)
    assert (tested.returncode, tested.stdout) == (0, ""), tested.stderr


def test_two_checkouts_build_the_same_bytes(installed: Path, tmp_path: Path) -> None:
    """The installed package, in another place and working directory, builds what the checkout builds."""
    for number, site in enumerate((installed, CHECKOUT / "converters")):
        done = run(site, "build", "--out", str(tmp_path / str(number)), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    one, two = (
        {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "0", tmp_path / "1")
    )
    assert one == two
    assert any(name.endswith(".tgz") for name in one)
