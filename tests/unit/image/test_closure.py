"""What of a folder of Python code goes into the image."""

from pathlib import Path

import pytest

from image.closure import needed_below
from image.root import Root


@pytest.mark.parametrize(
    "name",
    [
        "one.py",
        "package/inner/two.py",
        "package/data.json",
        "package/py.typed",
        "package/_core.cpython-313-x86_64-linux-gnu.so",
        "one-1.0.dist-info/METADATA",
        "one-1.0.dist-info/entry_points.txt",
        "_testing_ground.py",
    ],
)
def test_code_and_data_go_in(tmp_path, name):
    assert list(needed_below(given(tmp_path, name))) == [tmp_path / name]


@pytest.mark.parametrize(
    "name",
    [
        "package/__pycache__/one.cpython-313.pyc",
        "package/tests/test_one.py",
        "test/support.py",
        "ensurepip/_bundled/pip.whl",
        "site-packages/pip/__init__.py",
        "config-3.13-x86_64-linux-gnu/Makefile",
        "package/one.pyi",
        "package/one.pyx",
        "lib-dynload/_tkinter.cpython-313-x86_64-linux-gnu.so",
        "lib-dynload/_testcapi.cpython-313-x86_64-linux-gnu.so",
        "turtle.py",
    ],
)
def test_tests_tools_and_sources_stay_out(tmp_path, name):
    assert list(needed_below(given(tmp_path, name))) == []


def given(folder, name):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return folder


def test_links_on_the_way_stay_links_and_what_they_lead_to_comes_along(tmp_path):
    machine = tmp_path / "machine"
    (machine / "usr/lib").mkdir(parents=True)
    (machine / "usr/lib/libone.so.1.2").write_text("one")
    (machine / "usr/lib/libone.so.1").symlink_to("libone.so.1.2")
    (machine / "lib").symlink_to("usr/lib")
    root = Root(tmp_path / "root")
    for _ in range(2):
        root.bring(machine / "lib/libone.so.1")
    inside = tmp_path / "root" / machine.relative_to("/")
    assert (inside / "lib").readlink() == Path("usr/lib")
    assert (inside / "usr/lib/libone.so.1").readlink() == Path("libone.so.1.2")
    assert (inside / "lib/libone.so.1").read_text() == "one"
