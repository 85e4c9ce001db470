"""training-set and explain by the real binary: what is right, and what happens when something is wrong."""

import csv
import os
import resource
import stat
import subprocess

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from conftest import BINARY, Outcome, Repository

USERS = "features/users.yaml"
ASK = ("training-set", "--spine", "data/spine.csv", "--service", "ranking_v1")


def rows(path) -> list[dict]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def leftovers(repository: Repository, *known: str) -> set[str]:
    """Files of the repository's folder that nobody made on purpose."""
    made = {"README.md", "millrace.yaml", "registry.db", USERS, "data/spine.csv", "data/purchases.csv",
            "data/profiles.csv", *known}
    return repository.files() - made


def as_nobody(repository: Repository, *arguments) -> Outcome:
    """Root may write anywhere; somebody else may not."""
    def drop():
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

    done = subprocess.run([BINARY, *arguments], cwd=repository.folder, capture_output=True, text=True,
                          preexec_fn=drop, timeout=60)
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_the_spines_rows_with_features_and_labels(applied):
    report = applied.ok(*ASK, "--labels", "buys_again_7d", "--out", "t.csv", "--json").json
    assert report["rows_in"] == report["rows_out"] == 5
    made = rows(applied.path("t.csv"))
    assert [(row["user_id"], row["event_timestamp"]) for row in made] == [
        (row["user_id"], row["event_timestamp"]) for row in rows(applied.path("data/spine.csv"))]
    ann = made[1]
    assert (ann["count_30d"], ann["sum_30d"], ann["big_30d"], ann["device"]) == ("3", "159.75", "1", "tablet")
    assert ann["buys_again_7d"] == "1"
    zoe = made[4]
    assert (zoe["count_30d"], zoe["sum_30d"], zoe["device"]) == ("0", "", "")
    assert leftovers(applied) == {"t.csv", "t.csv.proof.json"}


@pytest.mark.parametrize("extension", ["csv", "parquet", "arrow"])
def test_every_format_says_the_same(applied, extension):
    out = applied.path(f"t.{extension}")
    applied.ok(*ASK, "--out", out)
    if extension == "csv":
        sums = [row["sum_30d"] for row in rows(out)]
        assert sums == ["12.5", "159.75", "34.99", "230.0", ""]
        return
    table = pq.read_table(out) if extension == "parquet" else pa.ipc.open_file(out).read_all()
    assert table["sum_30d"].to_pylist() == [12.5, 159.75, 34.99, 230.0, None]
    assert table.schema.field("count_7d").type == pa.int64()


def test_a_parquet_spine_keeps_order_duplicates_and_columns(applied):
    table = pa.table({
        "note": ["c", "a", "b", "a"],
        "user_id": ["bob", "ann", "bob", "ann"],
        "event_timestamp": pa.array([1738368000, 1738368000, 1736467200, 1738368000], pa.timestamp("s")),
    })
    pq.write_table(table, applied.path("spine.parquet"))
    applied.ok("training-set", "--spine", "spine.parquet", "--features", "user_spend:sum_30d,user_profile:device",
               "--out", "t.parquet")
    made = pq.read_table(applied.path("t.parquet"))
    assert made.column_names == ["note", "user_id", "event_timestamp", "sum_30d", "device"]
    assert made["note"].to_pylist() == ["c", "a", "b", "a"]
    assert made["sum_30d"].to_pylist() == [34.99, 159.75, 25.0, 159.75]


def test_without_a_spine(applied):
    applied.ok("training-set", "--features", "user_spend:count_7d", "--every", "7d",
               "--from", "2025-01-08", "--to", "2025-02-01", "--out", "t.csv")
    made = rows(applied.path("t.csv"))
    assert {row["user_id"] for row in made} <= {"ann", "bob", "cat"}
    assert min(row["event_timestamp"] for row in made) == "2025-01-08T00:00:00Z"
    assert max(row["event_timestamp"] for row in made) == "2025-01-29T00:00:00Z"


def test_full_names(applied):
    applied.ok(*ASK, "--full-names", "--out", "t.csv")
    assert "user_spend__sum_7d" in rows(applied.path("t.csv"))[0]


def test_a_second_run_replaces_the_first_with_the_same_bytes(applied):
    applied.ok(*ASK, "--out", "t.parquet")
    first = applied.path("t.parquet").read_bytes()
    applied.ok(*ASK, "--out", "t.parquet")
    assert applied.path("t.parquet").read_bytes() == first


def test_the_applied_version_counts_not_the_files(applied):
    applied.replace(USERS, "sum: sum(amount)", "sum: sum(amount * 2)")
    outcome = applied.ok(*ASK, "--out", "t.csv")
    assert "differ from version 1" in outcome.err and "millrace apply" in outcome.err
    assert rows(applied.path("t.csv"))[0]["sum_30d"] == "12.5"
    applied.ok("apply")
    assert "differ" not in applied.ok(*ASK, "--out", "t.csv").err
    assert rows(applied.path("t.csv"))[0]["sum_30d"] == "25.0"


def test_a_comment_is_no_difference(applied):
    applied.path(USERS).write_text("# new\n" + applied.path(USERS).read_text())
    assert applied.ok(*ASK, "--out", "t.csv").err == ""


def test_definitions_that_no_longer_compile_do_not_stop_the_applied_ones(applied):
    applied.replace(USERS, "sum(amount)", "sum(amuont)")
    assert "differ from version 1" in applied.ok(*ASK, "--out", "t.csv").err


def test_variables_in_paths_are_read_when_it_runs(made):
    made.replace(USERS, "data/purchases.csv", "${PURCHASES:-data/purchases.csv}")
    made.ok("apply")
    made.ok(*ASK, "--out", "t.csv")
    made.path("data/other.csv").write_text("user_id,category,amount,event_time\nann,x,5,2025-01-09T00:00:00Z\n")
    made.ok(*ASK, "--out", "t.csv", env={**os.environ, "PURCHASES": "data/other.csv"})
    assert rows(made.path("t.csv"))[0]["sum_30d"] == "5.0"


def test_nothing_applied(made):
    assert "millrace apply" in made.refused(2, "not_ready", *ASK, "--out", "t.csv").err


@pytest.mark.parametrize(
    ("arguments", "problem", "hint"),
    [
        (["--spine", "data/spine.csv", "--features", "user_spend:sum_8d"], "unknown_name", "sum_7d"),
        (["--spine", "data/spine.csv", "--features", "user_spent:sum_7d"], "unknown_name", "user_spend"),
        (["--spine", "data/spine.csv", "--service", "ranking"], "unknown_name", "ranking_v1"),
        (["--spine", "data/spine.csv", "--service", "ranking_v1", "--labels", "buys_again"], "unknown_name", ""),
        (["--spine", "data/spine.csv", "--features", "sum_7d"], "usage", "view:feature"),
        (["--service", "ranking_v1"], "usage", "--spine"),
        (["--service", "ranking_v1", "--every", "1d"], "usage", "--from"),
        (["--service", "ranking_v1", "--every", "1x", "--from", "2025-01-01", "--to", "2025-01-02"], "usage", ""),
        (["--spine", "data/spine.csv"], "usage", "--features"),
        (["--spine", "data/spine.csv", "--service", "ranking_v1", "--features", "user_spend:*"], "usage", ""),
        (["--spine", "data/spine.csv", "--service", "ranking_v1", "--memory", "lots"], "usage", ""),
        (["--spine", "data/spine.csv", "--service", "ranking_v1", "--verify", "t.csv"], "usage", "--verify"),
        (["--spine", "data/spine.csv", "--service", "ranking_v1", "--timestamp", "when"], "missing_column", "when"),
    ],
)
def test_wrong_requests(applied, arguments, problem, hint):
    refused = applied.run("training-set", *arguments, "--out", "t.csv")
    assert refused.code == 2, refused
    assert refused.problems()[:1] == [problem], refused.err
    assert hint in refused.err
    assert leftovers(applied) == set()


def test_an_extension_that_is_none(applied):
    refused = applied.run(*ASK, "--out", "t.xlsx")
    assert refused.code == 2 and refused.problems() == ["usage"]
    assert leftovers(applied) == set()


def test_a_missing_spine_and_a_missing_source(applied):
    applied.refused(1, "file_not_found", "training-set", "--spine", "nope.csv", "--service", "ranking_v1",
                    "--out", "t.csv")
    applied.path("data/purchases.csv").unlink()
    assert "purchases.csv" in applied.refused(1, "file_not_found", *ASK, "--out", "t.csv").err
    assert not applied.path("t.csv").exists()


def test_a_spine_without_the_key(applied):
    applied.path("data/spine.csv").write_text("customer,event_timestamp\nann,2025-02-01T00:00:00Z\n")
    assert "user_id" in applied.refused(2, "missing_column", *ASK, "--out", "t.csv").err


def test_an_empty_spine_gives_an_empty_training_set(applied):
    applied.path("data/spine.csv").write_text("user_id,event_timestamp\n")
    applied.ok(*ASK, "--out", "t.csv")
    assert applied.path("t.csv").read_text().startswith("user_id,event_timestamp,count_7d")
    assert rows(applied.path("t.csv")) == []


def test_a_time_that_is_none_is_named_with_its_row(applied):
    applied.path("data/spine.csv").write_text("user_id,event_timestamp\nann,2025-02-01\nbob,yesterday\n")
    refused = applied.run(*ASK, "--out", "t.csv")
    assert refused.code == 2 and refused.problems() == ["bad_spine"], refused
    assert "yesterday" in refused.err
    assert leftovers(applied) == set()


def test_null_keys_and_times_stay_in_the_output(applied):
    applied.path("data/spine.csv").write_text(
        "user_id,event_timestamp\n,2025-02-01T00:00:00Z\nann,\nann,2025-02-01T00:00:00Z\n")
    applied.ok(*ASK, "--out", "t.csv")
    made = rows(applied.path("t.csv"))
    assert [row["sum_30d"] for row in made] == ["", "", "159.75"]


def test_rejected_events_are_counted_and_strict_refuses_them(applied):
    with open(applied.path("data/purchases.csv"), "a") as file:
        file.write("ann,books,1.0,\n,books,1.0,2025-01-03T00:00:00Z\n")
    report = applied.ok(*ASK, "--out", "t.csv").out
    assert "null_event_time" in report and "null_key" in report
    applied.refused(1, "strict", *ASK, "--strict", "--out", "u.csv")
    assert leftovers(applied) == {"t.csv", "t.csv.proof.json"}


def parquet_source(repository: Repository) -> None:
    """The purchases as Parquet, their types read from the file."""
    table = pa.table({
        "user_id": [f"u{i % 100}" for i in range(50_000)],
        "category": ["books"] * 50_000,
        "amount": [float(i) for i in range(50_000)],
        "event_time": pa.array([1735689600 + i for i in range(50_000)], pa.timestamp("s")),
    })
    pq.write_table(table, repository.path("data/purchases.parquet"))
    text = repository.path(USERS).read_text()
    start = text.index("    path: data/purchases.csv")
    end = text.index("  profiles:")
    repository.path(USERS).write_text(
        text[:start] + "    path: data/purchases.parquet\n    timestamp: event_time\n" + text[end:])


def test_a_truncated_parquet_file_is_named_and_nothing_is_written(made):
    parquet_source(made)
    made.ok("apply")
    made.ok(*ASK, "--out", "t.csv")
    made.path("t.csv").unlink()
    file = made.path("data/purchases.parquet")
    whole = file.read_bytes()
    for size in (0, 3, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:size])
        refused = made.refused(1, "corrupt", *ASK, "--out", "t.csv")
        assert "purchases.parquet" in refused.err
        assert not made.path("t.csv").exists()


def test_a_column_that_changed_its_type_under_the_applied_plan(made):
    parquet_source(made)
    made.ok("apply")
    file = made.path("data/purchases.parquet")
    table = pq.read_table(file)
    at = table.column_names.index("amount")
    pq.write_table(table.set_column(at, "amount", pa.array([["x"]] * table.num_rows)), file)
    refused = made.run(*ASK, "--out", "t.csv")
    assert refused.code in (1, 2) and refused.problems()[:1] == ["type_mismatch"], refused
    assert "amount" in refused.err
    pq.write_table(table.drop_columns(["amount"]), file)
    refused = made.run(*ASK, "--out", "t.csv")
    assert refused.problems()[:1] == ["missing_column"] and "amount" in refused.err
    assert not made.path("t.csv").exists()


def test_no_permission_to_read_or_write(applied):
    applied.folder.chmod(0o755)
    for parent in applied.folder.parents:
        if os.access(parent, os.W_OK) and not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(parent.stat().st_mode | 0o055)
        if parent.name.startswith("pytest-of"):
            break
    refused = as_nobody(applied, *ASK, "--out", "t.csv")
    assert (refused.code, refused.problems()) == (1, ["permission_denied"]), refused
    assert "t.csv" in refused.err
    applied.path("data/purchases.csv").chmod(0)
    refused = as_nobody(applied, *ASK, "--out", "/dev/null/t.csv")
    assert refused.code == 1
    assert leftovers(applied) == set()


@pytest.mark.parametrize("extension", ["csv", "parquet", "arrow"])
def test_a_disk_that_fills_up_leaves_no_output(applied, extension):
    """A file may grow to 20 kB; the answer is larger."""
    with open(applied.path("data/spine.csv"), "w") as file:
        file.write("user_id,event_timestamp\n")
        for i in range(20_000):
            file.write(f"user{i * 7919},2025-02-01T00:00:00Z\n")
    refused = applied.run(
        *ASK, "--out", f"t.{extension}",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)), restore_signals=False)
    assert refused.code == 1 and refused.problems()[:1][0] in ("disk_full", "io_error"), refused
    assert leftovers(applied) == set()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB, where this machine allows one."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("no right to mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_file_system_is_called_disk_full(applied, small_disk):
    with open(applied.path("data/spine.csv"), "w") as file:
        file.write("user_id,event_timestamp\n")
        for i in range(20_000):
            file.write(f"user{i * 7919},2025-02-01T00:00:00Z\n")
    (small_disk / "t.csv").write_text("what was there before\n")
    applied.refused(1, "disk_full", *ASK, "--out", small_disk / "t.csv")
    assert (small_disk / "t.csv").read_text() == "what was there before\n"
    assert [path.name for path in small_disk.iterdir()] == ["t.csv"]


def test_a_registry_on_a_full_file_system_keeps_its_versions(applied, small_disk):
    database = applied.path("registry.db").read_bytes()
    (small_disk / "registry.db").write_bytes(database)
    applied.replace("millrace.yaml", "registry.db", str(small_disk / "registry.db"))
    free = os.statvfs(small_disk)
    (small_disk / "filler").write_bytes(b"x" * (free.f_bavail * free.f_bsize))
    applied.replace(USERS, "windows: [7d, 30d]", "windows: [7d, 30d, 60d]")
    applied.refused(1, "disk_full", "apply")
    (small_disk / "filler").unlink()
    assert len(applied.ok("history", "--json").json) == 1
    assert applied.ok("apply", "--json").json["version"] == 2


def test_explain_agrees_with_the_training_set(applied):
    text = applied.ok("explain", "--feature", "user_spend:sum_30d", "--key", "user_id=ann", "--at",
                      "2025-02-01T00:00:00Z").out
    assert "159.75" in text and "12.5 + 7.25 + 140.0" in text
    explained = applied.ok("explain", "--feature", "user_spend:sum_30d", "--key", "user_id=ann", "--at",
                           "2025-02-01", "--json").json
    assert "159.75" in str(explained)


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["--feature", "user_spend:sum_8d", "--key", "user_id=ann", "--at", "2025-02-01"], 2, "unknown_name"),
        (["--feature", "user_spend:sum_7d", "--key", "user=ann", "--at", "2025-02-01"], 2, None),
        (["--feature", "user_spend:sum_7d", "--key", "ann", "--at", "2025-02-01"], 2, "usage"),
        (["--feature", "user_spend:sum_7d", "--at", "2025-02-01"], 2, None),
        (["--feature", "user_spend:sum_7d", "--key", "user_id=ann", "--at", "soon"], 2, "bad_value"),
        (["--feature", "user_spend:sum_7d", "--key", "user_id=ann"], 2, "usage"),
    ],
)
def test_wrong_explanations(applied, arguments, code, problem):
    refused = applied.run("explain", *arguments)
    assert refused.code == code, refused
    assert refused.problems() and (problem is None or refused.problems()[0] == problem), refused.err
