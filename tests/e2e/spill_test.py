"""training-set in little memory by the real binary: what does not fit waits in a spill file, the answer is the
same to the byte, the process stays within its budget, and nothing is left behind however it ends.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import BINARY, Outcome, Repository
from training_set_test import as_nobody, small_disk  # noqa: F401 (a fixture)

MIB = 1 << 20
T0 = 1_735_689_600_000_000  # 2025-01-01
DAY = 86_400_000_000
EVENTS, KEYS, QUESTIONS = 1_000_000, 50_000, 50_000

DEFINITIONS = """
entities:
  user: {keys: {user_id: string}}
sources:
  events: {path: "data/EVENTS.parquet", timestamp: event_time, created: created}
views:
  spend:
    entity: user
    source: events
    windows: [1d, 7d]
    features:
      count: count()
      sum: sum(amount)
      avg: avg(amount)
      kinds: nunique(kind)
      last: last(kind)
      big: sum(amount) filter (where n > 50)
  profile: {entity: user, source: events, ttl: 3d, features: [kind, amount]}
labels:
  next_day: {entity: user, source: events, window: 1d, value: sum(amount)}
services:
  all_of_it: {features: ["spend:*", "profile:*"]}
"""

# What the process has in memory besides its budget: itself, Arrow, the spine's table (50,000 rows), what is
# decoded at the moment.
BESIDES = 200 * MIB


def write_events(path: pathlib.Path, users: np.ndarray, seed: int) -> None:
    draw = np.random.default_rng(seed)
    count = len(users)
    times = T0 + draw.integers(0, 60 * DAY // 1_000_000, count) * 1_000_000
    late = draw.choice([0, 0, 0, 3_600_000_000, 2 * DAY], count)
    kinds = pa.array([f"kind {i}" for i in range(500)])
    table = pa.table({
        "user_id": pa.array([f"user {i}" for i in range(KEYS)]).take(pa.array(users)),
        "kind": kinds.take(pa.array(draw.integers(0, 500, count))),
        "amount": draw.lognormal(3, 2, count),
        "n": draw.integers(0, 100, count),
        "event_time": pa.array(times, pa.timestamp("us", "UTC")),
        "created": pa.array(times + late, pa.timestamp("us", "UTC")),
    })
    pq.write_table(table, path, row_group_size=250_000)


def write_spine(path: pathlib.Path, users: np.ndarray, seed: int) -> None:
    draw = np.random.default_rng(seed)
    times = T0 + draw.integers(0, 61 * DAY, len(users))
    pq.write_table(pa.table({
        "user_id": pa.array([f"user {i}" for i in range(KEYS + 10)]).take(pa.array(users)),
        "event_timestamp": pa.array(times, pa.timestamp("us", "UTC")),
    }), path)


def make(folder: pathlib.Path, name: str, users: np.ndarray, asked: np.ndarray) -> Repository:
    for below in ("features", "data", "spills"):
        (folder / below).mkdir()
    (folder / "millrace.yaml").write_text("project: spills\nregistry: sqlite:registry.db\n")
    (folder / "features" / "all.yaml").write_text(DEFINITIONS.replace("EVENTS", name))
    write_events(folder / "data" / f"{name}.parquet", users, 5)
    write_spine(folder / "spine.parquet", asked, 6)
    repository = Repository(folder)
    repository.ok("apply")
    return repository


@pytest.fixture(scope="module")
def zipf(tmp_path_factory) -> Repository:
    draw = np.random.default_rng(4)
    users = np.minimum(draw.zipf(1.2, EVENTS) - 1, KEYS - 1)
    asked = np.concatenate([users[:QUESTIONS // 2], draw.integers(0, KEYS + 10, QUESTIONS // 2)])
    return make(tmp_path_factory.mktemp("zipf"), "zipf", users, asked)


@pytest.fixture(scope="module")
def hot(tmp_path_factory) -> Repository:
    """One key has as good as all events."""
    users = np.zeros(1_000_000, np.int64)
    users[::1000] = 7
    return make(tmp_path_factory.mktemp("hot"), "hot", users, np.zeros(5_000, np.int64))


ASK = ("training-set", "--spine", "spine.parquet", "--service", "all_of_it", "--labels", "next_day")

# A process begins with the peak of the one that forked it, so a small one does.
MEASURE = """
import json, os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
json.dump({"status": status, "peak": used.ru_maxrss * 1024}, sys.stderr)
"""


def measured(repository: Repository, *arguments) -> tuple[dict, int]:
    """The report, and the peak of the resident memory."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", MEASURE, BINARY, *arguments, "--json"],
                          cwd=repository.folder, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "TMPDIR": str(repository.path("spills"))})
    used = json.loads(done.stderr[done.stderr.rindex("{"):])
    assert used["status"] == 0, done.stderr
    return json.loads(done.stdout), used["peak"]


def nothing_spilled_is_left(repository: Repository) -> bool:
    return list(repository.path("spills").iterdir()) == []


@pytest.mark.parametrize("which", ["zipf", "hot"])
def test_little_memory_gives_the_same_bytes_within_its_budget(request, which):
    repository = request.getfixturevalue(which)
    report, _ = measured(repository, *ASK, "--out", "all.parquet")
    assert report["spilled_bytes"] == 0
    expected = repository.path("all.parquet").read_bytes()
    table = pq.read_table(repository.path("all.parquet"))
    assert table.num_rows > 0 and table["count_7d"].to_numpy().max() > 1_000
    peaks = {}
    for budget in (64, 16):
        out = repository.path(f"{budget}.parquet")
        report, peaks[budget] = measured(repository, *ASK, "--memory", f"{budget}MiB", "--out", out)
        assert report["spilled_bytes"] > MIB
        assert out.read_bytes() == expected
        assert nothing_spilled_is_left(repository)
    print(f"{which}: peak MiB by budget: { {budget: peak // MIB for budget, peak in peaks.items()} }")
    for budget, peak in peaks.items():
        assert peak < budget * MIB + BESIDES, peaks


def test_without_a_spine_too(zipf):
    ask = ("training-set", "--features", "spend:count_7d,spend:last_1d,profile:kind", "--labels", "next_day",
           "--every", "20d", "--from", "2025-01-10", "--to", "2025-03-01")
    measured(zipf, *ask, "--out", "steps.parquet")
    report, _ = measured(zipf, *ask, "--memory", "16MiB", "--out", "tight.parquet")
    assert report["spilled_bytes"] > 0
    assert zipf.path("tight.parquet").read_bytes() == zipf.path("steps.parquet").read_bytes()


def test_ignore_created_compares_too(zipf):
    ask = (*ASK, "--ignore-created")
    whole, _ = measured(zipf, *ask, "--out", "ignoring.parquet")
    tight, _ = measured(zipf, *ask, "--memory", "16MiB", "--out", "tight.parquet")
    assert tight["ignore_created"] == whole["ignore_created"]
    assert zipf.path("tight.parquet").read_bytes() == zipf.path("ignoring.parquet").read_bytes()


# ---- however it ends ----


def spills_of(process: subprocess.Popen, folder: pathlib.Path) -> int:
    """The bytes of its file in the folder, which has no name."""
    total = 0
    try:
        for descriptor in os.listdir(f"/proc/{process.pid}/fd"):
            link = f"/proc/{process.pid}/fd/{descriptor}"
            target = os.readlink(link)
            if target.startswith(f"{folder}/") and target.endswith(" (deleted)"):
                total += os.stat(link).st_size
    except FileNotFoundError:
        pass
    return total


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("beside_the_output", [False, True])
def test_a_signal_in_the_middle_of_spilling_leaves_nothing(zipf, how, beside_the_output):
    spills = zipf.path("spills")
    environment = {**os.environ, "TMPDIR": str(spills)}
    out = zipf.path("stopped/out.parquet")
    out.parent.mkdir(exist_ok=True)
    if beside_the_output:
        del environment["TMPDIR"]
        spills = out.parent
    process = subprocess.Popen([BINARY, *ASK, "--memory", "16MiB", "--out", out], cwd=zipf.folder, env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while process.poll() is None and spills_of(process, spills) < MIB:
        time.sleep(0.001)
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode == -how
    assert list(out.parent.iterdir()) == [] and nothing_spilled_is_left(zipf)


# ---- where nothing can be spilled ----


def with_spills_in(repository: Repository, folder) -> Outcome:
    outcome = repository.run(*ASK, "--memory", "16MiB", "--out", "none.parquet",
                             env={**os.environ, "TMPDIR": str(folder)})
    assert not repository.path("none.parquet").exists()
    assert "TMPDIR" in outcome.err and "--memory" in outcome.err
    return outcome


def test_a_full_disk(zipf, small_disk):  # noqa: F811
    outcome = with_spills_in(zipf, small_disk)
    assert (outcome.code, outcome.problems()) == (1, ["disk_full"]), outcome
    assert list(small_disk.iterdir()) == []


def test_a_folder_that_is_none(zipf):
    outcome = with_spills_in(zipf, zipf.path("nowhere"))
    assert (outcome.code, outcome.problems()) == (1, ["file_not_found"]), outcome
    outcome = with_spills_in(zipf, zipf.path("spine.parquet"))
    assert (outcome.code, outcome.problems()) == (1, ["file_not_found"]), outcome


def test_a_folder_that_may_not_be_written(zipf, tmp_path, monkeypatch):
    """The output goes where everybody may write, the spill does not."""
    for parent in (zipf.folder, *zipf.folder.parents, tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.geteuid() and parent.stat().st_mode & 0o005 != 0o005:
            parent.chmod(parent.stat().st_mode | 0o055)
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o777)
    (tmp_path / "spills").mkdir(0o555)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "spills"))
    if os.geteuid() != 0:
        (tmp_path / "spills").chmod(0o555)
    outcome = as_nobody(zipf, *ASK, "--memory", "16MiB", "--out", str(tmp_path / "out" / "t.parquet"))
    assert (outcome.code, outcome.problems()) == (1, ["permission_denied"]), outcome
    assert list((tmp_path / "out").iterdir()) == []


# ---- what need not be read ----


def test_row_groups_that_no_row_can_see_are_not_read(tmp_path):
    """Events in order of time, asked about on one day only."""
    for below in ("features", "data"):
        (tmp_path / below).mkdir()
    (tmp_path / "millrace.yaml").write_text("project: spills\nregistry: sqlite:registry.db\n")
    definitions = DEFINITIONS.replace("EVENTS", "sorted").replace(", ttl: 3d", "")
    (tmp_path / "features" / "all.yaml").write_text(definitions)
    write_events(tmp_path / "unsorted.parquet", np.arange(200_000) % 100, 8)
    table = pq.read_table(tmp_path / "unsorted.parquet").sort_by("event_time")
    events = tmp_path / "data" / "sorted.parquet"
    times = np.full(1_000, T0 + 30 * DAY) + np.arange(1_000) * 60_000_000
    pq.write_table(pa.table({"user_id": [f"user {i % 120}" for i in range(1_000)],
                             "event_timestamp": pa.array(times, pa.timestamp("us", "UTC"))}),
                   tmp_path / "spine.parquet")
    repository = Repository(tmp_path)
    pq.write_table(table, events, row_group_size=2_000)
    repository.ok("apply")

    def asked(what: str) -> tuple[dict, bytes]:
        report = repository.ok("training-set", "--spine", "spine.parquet", "--features", what, "--out", "t.parquet",
                               "--json").json
        return report["sources"][0], repository.path("t.parquet").read_bytes()

    windows = asked("spend:*")
    rows = asked("profile:*")
    text = repository.ok("training-set", "--spine", "spine.parquet", "--features", "spend:*", "--out", "t.parquet").out
    assert f"pruned   {windows[0]['rows_pruned']:>9}  rows of events" in text
    # 7 days and one of 60, and what their row groups hold besides.
    assert 200_000 * 7 // 60 < windows[0]["events"] < 200_000 * 10 // 60
    # Everything before may hold the newest row.
    assert 200_000 * 30 // 60 < rows[0]["events"] < 200_000 * 32 // 60
    for source, _ in (windows, rows):
        assert source["events"] + source["rows_pruned"] == 200_000

    pq.write_table(table, events, row_group_size=2_000, write_statistics=False)
    for what, (_, answer) in (("spend:*", windows), ("profile:*", rows)):
        source, without = asked(what)
        assert (source["events"], source["rows_pruned"]) == (200_000, 0)
        assert without == answer
