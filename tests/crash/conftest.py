"""Fixtures of the crash tests: folders in memory, where there is memory to be had as a folder."""

import pathlib
import shutil
import sys
import tempfile

import pytest

from shop import MEMORY, ROOT, Shop

sys.path.insert(0, str(ROOT / "tests" / "servers"))


@pytest.fixture(scope="module")
def room():
    """A folder for all tests of a file."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-crash-", dir=MEMORY if MEMORY.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def folder(room):
    """A folder of its own for a test, under a name that is free."""
    own = pathlib.Path(tempfile.mkdtemp(dir=room))
    yield own / "shop"
    shutil.rmtree(own)


@pytest.fixture
def shop(folder) -> Shop:
    return Shop.made(folder)
