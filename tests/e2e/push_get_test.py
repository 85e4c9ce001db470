"""push and get by the real binary: what was acknowledged is there, once, whatever happened in between."""

import datetime
import json
import os
import signal
import subprocess
import time

import pyarrow.parquet as pq
import pytest

from conftest import BINARY, ROOT, Outcome, Repository

DEFINITIONS = """
entities:
  user: {keys: {user_id: string}}
  item: {keys: {item_id: int64}}
sources:
  clicks:
    timestamp: event_time
    columns: {user_id: string, item_id: int64, amount: float64, event_time: timestamp}
  profiles:
    timestamp: event_time
    created: known_at
    columns: {user_id: string, age: int64, event_time: timestamp, known_at: timestamp}
views:
  spend:
    entity: user
    source: clicks
    window: 30d
    history: all
    features: {sum: sum(amount), count: count()}
  sold:
    entity: item
    source: clicks
    window: 30d
    features: {sold: count()}
  total:
    source: clicks
    window: 30d
    features: {clicks: count()}
  profile:
    entity: user
    source: profiles
    ttl: 7d
    features: [age]
on_demand:
  price:
    inputs: [spend]
    request: {price: float64}
    features: {ratio: price / sum}
"""


def ago(**span) -> str:
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)).strftime("%FT%TZ")


def click(user="u1", item=7, amount=0.1, when=None) -> str:
    return json.dumps({"user_id": user, "item_id": item, "amount": amount, "event_time": when or ago(minutes=5)})


@pytest.fixture
def shop(tmp_path) -> Repository:
    repository = Repository(tmp_path)
    repository.path("millrace.yaml").write_text("project: shop\nregistry: sqlite:registry.db\nonline: lmdb:./online\n")
    repository.path("features").mkdir()
    repository.path("features/all.yaml").write_text(DEFINITIONS)
    repository.ok("apply", "--author", "ann")
    return repository


def push(repository: Repository, lines: list[str], *arguments, source="clicks", failpoints="") -> Outcome:
    """The outcome of pushing these lines through standard input, also when it was killed."""
    environment = os.environ | {"MILLRACE_FAILPOINTS": failpoints}
    done = subprocess.run([BINARY, "push", source, *arguments], cwd=repository.folder, capture_output=True,
                          text=True, input="".join(line + "\n" for line in lines), timeout=120, env=environment)
    return Outcome(done.returncode, done.stdout, done.stderr)


def pushed(repository: Repository, lines: list[str], *arguments, **options) -> Outcome:
    outcome = push(repository, lines, *arguments, **options)
    assert outcome.code == 0, outcome.err
    return outcome


def get(repository: Repository, features: str, *arguments, key="user_id=u1") -> dict:
    """feature -> (value, status, event time)"""
    keys = ["--key", key] if key else []
    answer = repository.ok("get", "--features", features, *keys, *arguments, "--json").json
    return {name: tuple(result[part][0] for part in ("values", "statuses", "event_timestamps"))
            for name, result in zip(answer["metadata"]["feature_names"], answer["results"], strict=True)}


def count(repository: Repository) -> int:
    return get(repository, "total:clicks", key=None)["clicks"][0]


def acknowledged(out: str) -> int:
    """How many rows were said to be there, by JSON lines; a line that was cut says nothing."""
    rows = 0
    for line in out.splitlines(keepends=True):
        if line.endswith("\n"):
            said = json.loads(line)
            rows += said["last_row"] - said["first_row"] + 1
    return rows


def test_the_same_value_online_and_in_a_training_set_to_the_bit(shop):
    amounts = [0.1, 0.2, 0.3, 1e16, -1e16, 0.7, 1 / 3]
    when = ago(hours=1)
    for amount in amounts:
        pushed(shop, [click(amount=amount, when=when)])
    pushed(shop, [click(user="u2", amount=amount) for amount in amounts])
    pushed(shop, [click(amount=100.0)], "--to", "offline")
    pushed(shop, [click(user="u3", amount=5.5)], "--to", "online")
    at = ago()
    shop.path("spine.csv").write_text(f"user_id,event_timestamp\nu1,{at}\nu2,{at}\nu3,{at}\n")
    shop.ok("training-set", "--spine", "spine.csv", "--features", "spend:*", "--out", "t.parquet")
    offline = pq.read_table(shop.path("t.parquet")).to_pylist()
    assert get(shop, "spend:sum", "--at", at, key="user_id=u2")["sum"][0] == offline[1]["sum"]
    # Each side has what was pushed to it alone.
    assert (offline[0]["count"], offline[2]["count"]) == (8, 0)
    assert get(shop, "spend:*", "--at", at)["count"][0] == 7
    assert get(shop, "spend:*", "--at", at, key="user_id=u3")["sum"][0] == 5.5
    assert offline[1]["count"] == 7


def test_every_status_in_both_forms(shop):
    pushed(shop, [click(), click(user="u2", amount=None)])
    pushed(shop, [json.dumps({"user_id": "u1", "age": 30, "event_time": ago(days=1)}),
                  json.dumps({"user_id": "u2", "event_time": ago(days=1)}),
                  json.dumps({"user_id": "u3", "age": 40, "event_time": ago(days=8)})], source="profiles")
    asked = "spend:sum,spend:count,profile:age"
    statuses = {
        "u1": ["PRESENT", "PRESENT", "PRESENT"],
        "u2": ["NULL_VALUE", "PRESENT", "NULL_VALUE"],
        "u3": ["NOT_FOUND", "PRESENT", "OUTSIDE_MAX_AGE"],
        "u9": ["NOT_FOUND", "PRESENT", "NOT_FOUND"],
    }
    for user, expected in statuses.items():
        answer = get(shop, asked, key=f"user_id={user}")
        assert answer.pop("user_id") == (user, "PRESENT", "1970-01-01T00:00:00Z")
        assert [status for _, status, _ in answer.values()] == expected
        text = shop.ok("get", "--features", asked, "--key", f"user_id={user}").out.splitlines()
        assert [line.split()[:3] for line in text[1:4]] == [
            [name, "null" if value is None else str(value), status]
            for name, (value, status, _) in answer.items()]
        assert text[4].startswith("as of ") and text[4].endswith(", version 1")
    assert get(shop, "spend:count", key="user_id=u9")["count"] == (0, "PRESENT", "1970-01-01T00:00:00Z")


def test_on_demand_and_other_keys(shop):
    pushed(shop, [click(amount=2.0), click(user="u2", item=8)])
    assert get(shop, "price:ratio", "--request", "price=5")["ratio"][0] == 2.5
    assert get(shop, "sold:sold", key="item_id=8")["sold"][0] == 1
    wrong = shop.refused(2, "usage", "get", "--features", "sold:sold", "--key", "item_id=eight")
    assert "--key item_id: 'eight' is not a int64" in wrong.err
    missing = shop.refused(2, "missing_column", "get", "--features", "spend:sum,sold:sold", "--key", "item_id=8")
    assert "'user_id' is missing" in missing.err and "--key user_id=" in missing.err
    assert "did you mean 'sum'" in shop.refused(
        2, "unknown_name", "get", "--features", "spend:summ", "--key", "user_id=u1").err
    shop.refused(2, "as_of_out_of_range", "get", "--features", "sold:sold", "--key", "item_id=8", "--at", ago(hours=2))
    shop.refused(2, "as_of_out_of_range", "get", "--features", "sold:sold", "--key", "item_id=8", "--at", "2100-01-01")
    shop.refused(2, "bad_value", "get", "--features", "sold:sold", "--key", "item_id=8", "--at", "noon")


def test_many_keys_from_a_file(shop):
    pushed(shop, [click(when=ago(hours=3)), click(when=ago(hours=1)), click(user="u2", when=ago(hours=1))])
    shop.path("keys.csv").write_text(
        f"user_id,as_of\nu1,{ago(hours=2)}\nu1,{ago()}\nu2,{ago(hours=2)}\nu9,{ago()}\n")
    shop.ok("get", "--features", "spend:count,spend:sum", "--keys", "keys.csv", "--out", "out.parquet")
    table = pq.read_table(shop.path("out.parquet"))
    assert table.column_names == ["user_id", "as_of", "count", "sum"]
    assert table["count"].to_pylist() == [1, 2, 0, 0]
    assert table["sum"].to_pylist() == [0.1, 0.2, None, None]
    text = shop.ok("get", "--features", "spend:count,spend:sum", "--keys", "keys.csv").out.splitlines()
    assert text[0].split() == ["user_id", "as_of", "count", "sum"] and len(text) == 6
    assert text[4].split()[2:] == ["0", "null", "(NOT_FOUND)"]
    answer = shop.ok("get", "--features", "spend:count", "--keys", "keys.csv", "--json").json
    assert answer["results"][1]["values"] == [1, 2, 0, 0] and len(answer["metadata"]["as_of"]) == 4
    shop.path("none.csv").write_text("user_id\n")
    shop.ok("get", "--features", "spend:count", "--keys", "none.csv", "--out", "none.csv.csv")
    assert shop.path("none.csv.csv").read_text() == "user_id,count\n"
    shop.path("bad.csv").write_text("user,as_of\nu1,2025-01-01\n")
    shop.refused(2, "missing_column", "get", "--features", "spend:count", "--keys", "bad.csv", "--out", "bad.parquet")
    assert not shop.path("bad.parquet").exists()


def test_before_anything_was_pushed(shop, tmp_path):
    nothing = shop.refused(1, "file_not_found", "get", "--features", "spend:sum", "--key", "user_id=u1")
    assert "materialize, push" in nothing.err
    pushed(shop, [], source="profiles")
    shop.refused(2, "not_ready", "get", "--features", "spend:sum", "--key", "user_id=u1")


def test_what_cannot_be_pushed(shop):
    assert "did you mean 'clicks'" in push(shop, [click()], source="click").err
    outcome = push(shop, [click(), click(), click(amount="much"), click(), click()])
    assert (outcome.code, outcome.out, outcome.problems()) == (2, "", ["bad_value"])
    assert "line 3: column 'amount' is 'much'; expected float64" in outcome.err
    assert count(shop) == 0
    # Batches before the bad one stand, and the line's number is that of the whole input.
    outcome = push(shop, [click(), click(), click(), "{", click()], "--batch-rows", "2", "--json")
    assert acknowledged(outcome.out) == 2 == count(shop)
    assert "line 4: " in outcome.err
    assert shop.run("push", "clicks", "nothing.jsonl").problems() == ["file_not_found"]
    assert shop.run("push", "clicks", "--to", "nowhere").problems() == ["usage"]


def test_from_a_file_in_batches(shop):
    shop.path("rows.jsonl").write_text("\n".join(click(user=f"u{i % 100}") for i in range(1000)))
    out = shop.ok("push", "clicks", "rows.jsonl", "--batch-rows", "300").out.splitlines()
    assert [line.split(" of ")[0] for line in out] == [
        "acknowledged rows 1-300", "acknowledged rows 301-600", "acknowledged rows 601-900",
        "acknowledged rows 901-1000"]
    assert count(shop) == 1000


class Pusher:
    """A push whose lines come one by one."""

    def __init__(self, repository: Repository, *arguments):
        self.process = subprocess.Popen([BINARY, "push", "clicks", "--json", *arguments], cwd=repository.folder,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        bufsize=0)  # no line waits where `communicate` does not look

    def send(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def acknowledgement(self) -> dict:
        return json.loads(self.process.stdout.readline())

    def end(self, number: int) -> tuple[int, bytes]:
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=30)
        return self.process.returncode, out


def test_a_producer_that_waits_is_answered_line_by_line(shop):
    producer = Pusher(shop)
    for row in range(1, 4):
        producer.send(click())
        assert producer.acknowledgement()["last_row"] == row
    # Readers look on meanwhile.
    assert count(shop) == 3
    assert producer.end(signal.SIGINT) == (0, b"")
    pushed(shop, [click()])
    assert count(shop) == 4


@pytest.mark.parametrize("wait", [0, 0.002, 0.02, 0.1])
def test_killed_at_any_moment(shop, wait):
    pushed(shop, [click()])
    producer = Pusher(shop, "--batch-rows", "1")
    for _ in range(200):
        producer.send(click())
    producer.acknowledgement()
    time.sleep(wait)
    code, out = producer.end(signal.SIGKILL)
    assert code == -signal.SIGKILL or acknowledged(out.decode()) == 199
    known = 2 + acknowledged(out.decode())
    assert count(shop) in (known, known + 1)
    pushed(shop, [])  # what the log has more than the store
    assert count(shop) in (known, known + 1)
    before = count(shop)
    pushed(shop, [click()])
    assert count(shop) == before + 1


@pytest.mark.parametrize("failpoint", ["log.append.write", "kv.commit.before", "kv.commit.after"])
@pytest.mark.parametrize("passes", [1, 3])
def test_killed_at_the_worst_moments(shop, failpoint, passes):
    pushed(shop, [click()] * 2)
    outcome = push(shop, [click()] * 10, "--batch-rows", "2", "--json", failpoints=f"{failpoint}=kill@{passes}")
    assert outcome.code == -signal.SIGKILL
    known = 2 + acknowledged(outcome.out)
    assert count(shop) in (known, known + 2)
    pushed(shop, [])
    # All three come after the log took the batch, which is there then, once.
    assert count(shop) == known + 2
    pushed(shop, [click()])
    rows = count(shop)
    spine = f"user_id,event_timestamp\nu1,{ago()}\n"
    shop.path("spine.csv").write_text(spine)
    shop.ok("training-set", "--spine", "spine.csv", "--features", "spend:*", "--out", "t.parquet")
    [row] = pq.read_table(shop.path("t.parquet")).to_pylist()
    assert row["count"] == rows
    assert row["sum"] == get(shop, "spend:sum")["sum"][0]


@pytest.mark.parametrize(("failpoint", "code"), [("log.append.write=full", "disk_full"),
                                                 ("kv.commit.before=error", "io_error")])
def test_a_full_disk_says_what_became_of_the_rows(shop, failpoint, code):
    pushed(shop, [click()])
    outcome = push(shop, [click()], failpoints=failpoint)
    assert (outcome.code, outcome.out, outcome.problems()) == (1, "", [code])
    in_log = code == "io_error"
    assert ("will reach the store with the next push or materialize" in outcome.err) == in_log
    assert count(shop) == 1
    pushed(shop, [])
    assert count(shop) == 1 + in_log


def test_two_at_the_same_time(shop):
    first = Pusher(shop)
    first.send(click())
    first.acknowledgement()
    refused = push(shop, [click()], "--wait", "0")
    assert (refused.code, refused.problems()) == (1, ["store_owned"])
    assert str(first.process.pid) in refused.err
    second = Pusher(shop, "--wait", "30")
    second.send(click())
    time.sleep(0.3)
    assert second.process.poll() is None
    first.process.stdin.close()
    assert first.process.wait(timeout=30) == 0
    assert second.acknowledgement()["first_row"] == 2
    assert second.end(signal.SIGTERM) == (0, b"")
    assert count(shop) == 2


def test_files_and_pushed_rows_of_one_source(shop):
    """A source with files is built by materialize; what was pushed before and after counts once."""
    shop.replace("features/all.yaml", "  profiles:\n", "  orders:\n    path: orders.csv\n    timestamp: event_time\n"
                 "    columns: {user_id: string, amount: float64, event_time: timestamp}\n  profiles:\n")
    shop.replace("features/all.yaml", "  sold:\n", "  ordered:\n    entity: user\n    source: orders\n    window: 30d\n"
                 "    features: {orders: count(), ordered: sum(amount)}\n  sold:\n")
    shop.path("orders.csv").write_text(f"user_id,amount,event_time\nu1,0.1,{ago(days=1)}\nu1,0.2,{ago(days=1)}\n")
    shop.ok("apply", "--author", "ann")
    early = pushed(shop, [click(amount=0.3)], source="orders")
    assert "not materialized yet: ordered; the rows wait in the log" in early.err
    shop.refused(2, "not_ready", "get", "--features", "ordered:orders", "--key", "user_id=u1")
    shop.ok("materialize")
    assert get(shop, "ordered:orders")["orders"][0] == 3
    late = pushed(shop, [click(amount=0.4)], source="orders")
    assert "not materialized" not in late.err
    assert get(shop, "ordered:orders")["orders"][0] == 4
    shop.ok("materialize")
    answer = get(shop, "ordered:*")
    assert (answer["orders"][0], answer["ordered"][0]) == (4, 1.0)
    # What did not come to the store is caught up with by either.
    push(shop, [click(amount=0.5)], source="orders", failpoints="kv.commit.before=kill@1")
    assert get(shop, "ordered:orders")["orders"][0] == 4
    shop.ok("materialize")
    assert get(shop, "ordered:orders")["orders"][0] == 5
    pushed(shop, [], source="orders")
    shop.ok("materialize", "--rebuild")
    assert get(shop, "ordered:orders")["orders"][0] == 5


def test_what_looks_another_view_up(shop):
    """Pushed events see the rows of a looked-up view that were pushed before them."""
    shop.replace("features/all.yaml", "  sold:\n", "  ages:\n    entity: item\n    source: clicks\n    lookup: "
                 "{user: profile}\n    window: 30d\n    features: {age: max(user.age)}\n  sold:\n")
    shop.ok("apply", "--author", "ann")
    pushed(shop, [json.dumps({"user_id": "u1", "age": 30, "event_time": ago(days=1), "known_at": ago(days=1)})],
           source="profiles")
    pushed(shop, [click(), click(user="u2", item=8)])
    assert get(shop, "ages:age", key="item_id=7")["age"][0] == 30
    assert get(shop, "ages:age", key="item_id=8")["age"] == (None, "NULL_VALUE", get(
        shop, "sold:sold", key="item_id=8")["sold"][2])


@pytest.fixture
def redis_url(tmp_path_factory):
    """A server of its own (tests/servers/redis.sh)."""
    folder = tmp_path_factory.mktemp("redis")
    script = ROOT / "tests" / "servers" / "redis.sh"
    started = subprocess.run([script, "start", folder, str(os.getpid())], capture_output=True, text=True, check=True)
    yield dict(line.split("=", 1) for line in started.stdout.splitlines())["MILLRACE_REDIS_URL"]
    subprocess.run([script, "stop", folder], check=True)


def test_two_folders_push_into_one_redis(shop, redis_url):
    """Nobody owns Redis: both go on, each with a log of its own, and every row counts once."""
    shop.replace("millrace.yaml", "lmdb:./online", f"{redis_url}")
    shop.refused(1, "file_not_found", "get", "--features", "total:clicks")
    other = Repository(shop.path("other"))
    subprocess.run(["cp", "-r", shop.folder, f"{shop.folder}.copy"], check=True)
    os.rename(f"{shop.folder}.copy", other.folder)
    pushes = []
    for repository in (shop, other):
        repository.path("rows.jsonl").write_text("\n".join(click() for _ in range(600)))
        pushes.append(subprocess.Popen([BINARY, "push", "clicks", "rows.jsonl", "--batch-rows", "20", "--json"],
                                       cwd=repository.folder, stdout=subprocess.PIPE, text=True))
    for process in pushes:
        out, _ = process.communicate(timeout=120)
        assert (process.returncode, acknowledged(out)) == (0, 600)
    assert count(shop) == count(other) == 1200
    pushed(other, [click()])
    assert count(shop) == 1201
    # In one folder the log has one writer at a time.
    first = Pusher(shop)
    first.send(click())
    first.acknowledgement()
    refused = push(shop, [click()], "--wait", "0")
    assert (refused.code, refused.problems()) == (1, ["conflict"])
    second = Pusher(shop, "--wait", "30")
    second.send(click())
    first.process.stdin.close()
    assert first.process.wait(timeout=30) == 0
    assert second.acknowledgement()["first_row"] == 602
    assert second.end(signal.SIGTERM) == (0, b"")
    assert count(shop) == 1203
