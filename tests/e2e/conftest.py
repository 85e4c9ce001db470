"""Fixtures of the end-to-end tests: the real binary, run in folders of its own.

MILLRACE_BIN names the binary; ctest sets it.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "servers"))
from feature_server import FeatureServer  # noqa: E402
from served_shop import make_shop  # noqa: E402

BINARY = pathlib.Path(os.environ.get("MILLRACE_BIN", ROOT / "build" / "bin" / "millrace"))


@dataclasses.dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    def problems(self) -> list[str]:
        """The codes of the problems on stderr, in order."""
        lines = [line for line in self.err.splitlines() if line.endswith("]") and "[" in line]
        return [line[line.rindex("[") + 1 : -1] for line in lines]


@dataclasses.dataclass
class Repository:
    folder: pathlib.Path

    def run(self, *arguments, **options) -> Outcome:
        """The outcome, whatever it is."""
        done = subprocess.run(
            [BINARY, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=120, **options,
        )
        assert done.returncode >= 0, f"killed by signal {-done.returncode}: {done.stderr}"
        return Outcome(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments, **options) -> Outcome:
        outcome = self.run(*arguments, **options)
        assert outcome.code == 0, outcome.err
        return outcome

    def refused(self, exit_code: int, problem: str, *arguments, **options) -> Outcome:
        """Exit code and the code of the first problem; nothing on stdout."""
        outcome = self.run(*arguments, **options)
        assert (outcome.code, outcome.problems()[:1]) == (exit_code, [problem]), outcome
        assert outcome.out == ""
        return outcome

    def path(self, name: str) -> pathlib.Path:
        return self.folder / name

    def replace(self, file: str, old: str, new: str) -> None:
        text = self.path(file).read_text()
        assert old in text
        self.path(file).write_text(text.replace(old, new))

    def files(self) -> set[str]:
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture
def empty(tmp_path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def made(tmp_path) -> Repository:
    """What `millrace init` writes, nothing applied."""
    Repository(tmp_path).ok("init", "my_shop")
    return Repository(tmp_path / "my_shop")


@pytest.fixture
def applied(made) -> Repository:
    made.ok("apply", "--author", "ann")
    return made


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A feature server over the shop of tests/servers/served_shop.py, for all tests of a file."""
    with FeatureServer(make_shop(tmp_path_factory.mktemp("served") / "shop")) as server:
        yield server
        assert server.stop() == 0, server.output()
