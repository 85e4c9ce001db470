"""materialize and vacuum by the real binary: what is read and said, and what a run that does not come to its end
leaves behind: nothing."""

import datetime
import fcntl
import os
import resource
import signal
import subprocess
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import BINARY, Repository

DEFINITIONS = """
entities:
  user: {keys: {user_id: string}}
sources:
  clicks: {path: "data/clicks/*.parquet", timestamp: at}
  profiles:
    path: data/profiles.csv
    timestamp: at
    columns: {user_id: string, level: int64, at: timestamp}
views:
  clicking: {entity: user, source: clicks, windows: [1d, 30d], features: {count: count(), sum: sum(amount)}}
  largest: {entity: user, source: clicks, window: 30d, features: {max: max(amount)}}
  profile: {entity: user, source: profiles, features: [level]}
"""
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def write_clicks(repository: Repository, name: str, rows: int, seed: int = 1) -> None:
    draw = np.random.default_rng(seed)
    ago = draw.integers(60, 20 * 86_400, rows)
    repository.path("data/clicks").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({
        "user_id": pa.array([f"u{i}" for i in draw.integers(0, 5_000, rows)]),
        "amount": draw.integers(1, 100, rows) / 4,
        "at": pa.array((int(NOW.timestamp()) - ago) * 1_000_000, pa.timestamp("us", "UTC")),
    }), repository.path(f"data/clicks/{name}.parquet"))


@pytest.fixture
def shop(empty) -> Repository:
    empty.path("features").mkdir()
    empty.path("features/all.yaml").write_text(DEFINITIONS)
    empty.path("millrace.yaml").write_text("project: shop\n")
    write_clicks(empty, "1", 1_000)
    empty.path("data/profiles.csv").write_text("user_id,level,at\nu1,3,2025-01-01T00:00:00Z\n,4,2025-01-01T00:00:00Z\n")
    empty.ok("apply", "--author", "ann")
    return empty


def commit(repository: Repository) -> int:
    """The store's newest one, when nothing is new."""
    report = repository.ok("materialize", "--json").json
    assert not report["changed"]
    return report["commit"]


def start(repository: Repository, *arguments, **options) -> subprocess.Popen:
    return subprocess.Popen([BINARY, *arguments], cwd=repository.folder, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **options)


def test_what_is_said_and_the_exit_codes(shop):
    report = shop.ok("materialize", "--json").json
    assert (report["commit"], report["changed"], report["version"], report["rows"]) == (1, True, 1, 1_001)
    assert [(view["view"], view["built"], view["files"], view["rows"]) for view in report["views"]] == [
        ("clicking", True, 1, 1_000), ("largest", True, 1, 1_000), ("profile", True, 1, 2)]
    assert report["rejected"] == [
        {"where": "view profile", "code": "null_key", "count": 1, "examples": ["data/profiles.csv row 3"]}]
    again = shop.ok("materialize")
    assert again.out.startswith("nothing new: commit 1\n")
    assert shop.run("materialize", "--skip-code").code == 99
    write_clicks(shop, "2", 10, seed=2)
    text = shop.ok("materialize", "--skip-code").out
    assert text.startswith("commit 2: 10 rows kept, by version 1\n")
    assert "  updated  clicking: 1 file, 10 rows\n" in text
    assert "  kept     profile: 0 files, 0 rows\n" in text


def test_requests_that_are_wrong(shop):
    hint = shop.refused(2, "unknown_name", "materialize", "profil").err
    assert "did you mean 'profile'?" in hint
    shop.refused(2, "usage", "materialize", "--memory", "lots")
    shop.refused(2, "usage", "materialize", "--wait", "-1")
    shop.refused(2, "reserved", "vacuum")
    assert not shop.path("online").exists()


def test_a_changed_file_names_its_views_and_what_to_do(shop):
    shop.ok("materialize")
    write_clicks(shop, "1", 1_000, seed=3)
    refused = shop.refused(1, "conflict", "materialize")
    assert "data/clicks/1.parquet" in refused.err
    assert "`millrace materialize --rebuild clicking largest`" in refused.err
    # One table serves both.
    report = shop.ok("materialize", "--rebuild", "clicking", "largest", "--json").json
    assert [(view["view"], view["built"]) for view in report["views"]] == [
        ("clicking", True), ("largest", True), ("profile", False)]
    assert commit(shop) == 2
    removed = shop.ok("vacuum", "--online", "--json").json
    assert (removed["tables_removed"], removed["commit"]) == (1, 3)
    assert shop.run("vacuum", "--online", "--skip-code").code == 99
    assert commit(shop) == 3


def test_a_broken_file_advances_nothing(shop):
    shop.ok("materialize")
    write_clicks(shop, "2", 100)
    write_clicks(shop, "3", 50_000)
    whole = shop.path("data/clicks/3.parquet").read_bytes()
    broken = bytearray(whole)
    broken[5_000:6_000] = bytes(1_000)
    shop.path("data/clicks/3.parquet").write_bytes(broken)
    assert "data/clicks/3.parquet" in shop.refused(1, "corrupt", "materialize").err
    shop.path("data/clicks/3.parquet").write_bytes(whole)
    report = shop.ok("materialize", "--json").json
    assert (report["commit"], report["rows"]) == (2, 50_100)


@pytest.mark.parametrize("place", ["kv.put", "kv.put@50", "kv.commit.before"])
@pytest.mark.parametrize("how", ["kill", "full"])
def test_a_run_that_ends_while_it_writes_leaves_the_store_as_it_was(shop, place, how):
    shop.ok("materialize")
    write_clicks(shop, "2", 2_000, seed=5)
    name, _, nth = place.partition("@")
    failing = {**os.environ, "MILLRACE_FAILPOINTS": f"{name}={how}" + (f"@{nth}" if nth else "")}
    process = start(shop, "materialize", env=failing)
    _, err = process.communicate(timeout=60)
    if how == "kill":
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 1 and "[disk_full]" in err
    shop.path("data/clicks/2.parquet").rename(shop.path("data/2.parquet"))
    assert commit(shop) == 1
    shop.path("data/2.parquet").rename(shop.path("data/clicks/2.parquet"))
    report = shop.ok("materialize", "--json").json
    assert (report["commit"], report["rows"]) == (2, 2_000)


@pytest.mark.parametrize("place", ["kv.bulk", "kv.commit.before"])
def test_a_build_that_is_killed_leaves_nothing_that_the_next_one_minds(shop, place):
    killed = start(shop, "materialize", env={**os.environ, "MILLRACE_FAILPOINTS": f"{place}=kill"})
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    report = shop.ok("materialize", "--json").json
    assert (report["commit"], report["rows"]) == (1, 1_001)


def test_after_the_commit_a_kill_undoes_nothing(shop):
    shop.ok("materialize")
    write_clicks(shop, "2", 100, seed=4)
    killed = start(shop, "materialize", env={**os.environ, "MILLRACE_FAILPOINTS": "kv.commit.after=kill"})
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert commit(shop) == 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_interrupted_leaves_the_store_as_it_was(shop, how):
    shop.ok("materialize")
    write_clicks(shop, "2", 4_000_000, seed=6)  # more than a second's work
    size = shop.files()
    for after in (0.05, 0.2, 0.5):
        process = start(shop, "materialize")
        time.sleep(after)
        process.send_signal(how)
        process.communicate(timeout=60)
        assert process.returncode == -how
    assert shop.files() == size  # nothing waits in files that have names
    shop.path("data/clicks/2.parquet").rename(shop.path("data/2.parquet"))
    assert commit(shop) == 1


def test_a_full_disk_is_said_and_undoes_nothing(shop):
    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    shop.ok("materialize")
    write_clicks(shop, "2", 300_000, seed=7)
    shop.refused(1, "disk_full", "materialize", preexec_fn=small_files)
    shop.refused(1, "disk_full", "materialize", "--memory", "1MiB", preexec_fn=small_files)
    report = shop.ok("materialize", "--json").json
    assert (report["commit"], report["rows"]) == (2, 300_000)


def test_a_store_that_somebody_else_has_is_waited_for(shop):
    shop.ok("materialize")
    with open(shop.path("online/owner.lock"), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write("4711\n")
        lock.flush()
        begun = time.monotonic()
        assert "4711" in shop.refused(1, "store_owned", "materialize", "--wait", "1").err
        assert 1 <= time.monotonic() - begun < 20
        waiting = start(shop, "materialize", "--wait", "60")
        time.sleep(0.2)
        assert waiting.poll() is None
    out, _ = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (0, "nothing new: commit 1\n")


def test_a_store_of_another_project_is_left_alone(shop):
    shop.ok("materialize")
    shop.path("registry.db").unlink()
    shop.path("millrace.yaml").write_text("project: other\n")
    shop.ok("apply", "--author", "ann")
    assert "'shop'" in shop.refused(1, "conflict", "materialize").err
    shop.refused(1, "conflict", "vacuum", "--online")


def test_a_server_that_does_not_answer(shop):
    shop.path("millrace.yaml").write_text("project: shop\nonline: redis://127.0.0.1:1/0\n")
    shop.refused(1, "store_unavailable", "materialize")
