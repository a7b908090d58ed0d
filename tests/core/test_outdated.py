"""What an update of the worker would fetch, told from the packages that lie in its environment."""

import zipfile
from pathlib import Path

import pytest

from mocap_core import make_worker, worker_environment
from mocap_core.outdated import outdated
from mocap_core.worker_environment import Made

MADE = Made("vitpose_live_mocap-1.0-py3-none-any.whl", "", "cpu")
PINS = """numpy==1.26.4 ; python_full_version < '3.12'
numpy==2.3.5 ; python_full_version >= '3.12'
opencv-python-headless==4.11.0.86
torch==2.13.0
typer==0.29.1
"""


@pytest.fixture
def compare(monkeypatch, tmp_path):
    """`compare(pins, needs, **installed)`: with packages of 19 MB on disk each."""
    monkeypatch.setenv("MOCAP_DATA", str(tmp_path / "data"))

    def found(pins=PINS, needs=("numpy", "typer"), layout="lib/python3.12/site-packages", **installed):
        for name, version in installed.items():
            info = worker_environment.folder() / layout / f"{name}-{version}.dist-info"
            info.mkdir(parents=True)
            (info / "RECORD").write_text('"a, b.so",sha256=x,12000000\nc.py,sha256=y,7000000\nRECORD,,\n')
        wheel, constraints = tmp_path / "worker.whl", tmp_path / "constraints.txt"
        lines = "".join(f"Requires-Dist: {need}\n" for need in needs)
        with zipfile.ZipFile(wheel, "w") as box:
            box.writestr("w-1.1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: w\n{lines}\nRequires-Dist: no\n")
        constraints.write_text(pins)
        return outdated(MADE, wheel, constraints)

    return found


def test_what_is_there_in_the_tested_version_is_not_fetched(compare):
    found = compare(numpy="2.3.5", opencv_python_headless="4.11.0.86", torch="2.13.0+cpu", typer="0.29.1", odd="1")
    assert (found.changed, found.new, found.about_bytes) == ((), (), 0.0)


def test_another_version_is_fetched_with_about_the_packed_size_of_the_one_that_is_there(compare):
    found = compare(numpy="2.2.0", torch="2.13.0", typer="0.28.0", layout="Lib/site-packages")
    assert found.changed == ("numpy", "typer") and found.about_bytes == pytest.approx(2 * 19e6 / make_worker.UNPACKED)


def test_another_pytorch_is_as_much_as_the_first_time(compare):
    found = compare(torch="2.12.0+cpu", numpy="2.3.5", typer="0.29.1")
    assert found.changed == ("torch",) and found.about_bytes == make_worker.about_bytes("cpu")[0]


def test_what_is_new_is_named_and_what_is_for_others_is_not(compare):
    needs = ("numpy==2.3.5; python_version >= '3.12'", "Typer>=0.29", "new.thing==1", "onnx==1; extra == 'onnx'")
    found = compare(needs=needs, typer="0.29.1")
    assert (found.changed, found.new) == ((), ("new-thing",))


def test_this_checkouts_own_environment_has_what_the_worker_needs(compare, monkeypatch):
    root = Path(__file__).parents[2]
    environment = root / ".venv"
    if not environment.is_dir():
        pytest.skip("there is no .venv beside the tests")
    monkeypatch.setattr(worker_environment, "folder", lambda: environment)
    needs = ("av==16.1.0", "ikpy==4.2.1", "opencv-python-headless==4.11.0.86", "torch==2.13.0")
    found = compare((root / "constraints.txt").read_text("utf-8"), needs)
    assert found.new == () and "torch" not in found.changed
