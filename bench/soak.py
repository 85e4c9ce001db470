"""`./dev bench --soak`: our feature server on the embedded store for ten minutes, read, pushed into and materialized into at once. Its
memory is flat in the end, nothing fails, and what it answered is what a training set says of the same moments, bit for bit. Called
with MILLRACE set to the binary, beside which the loader lies. The run of full length writes the section of RESULTS.md."""
import argparse
import contextlib
import dataclasses
import http.client
import itertools
import json
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import data
import feature_servers
import online
import run
import serve

SECONDS = 600
USERS = 5_000
GROWTH_BYTES_MAX = 8 << 20  # of memory that is no page of the store's file, in the last half of the run
PUSH_EVERY_S, PUSHED_EVENTS, PUSHED_PROFILES = 0.1, 40, 10
FILES_EVERY_S, FILED_EVENTS, FILED_PROFILES = 20, 2_000, 500
ASK_EVERY_S, ASKED_KEYS, ASKED_AGO_US = 0.2, 3, 1_000_000
EARLIER_US = 300_000_000  # as old as an event may be when it comes: some are older than what is kept

DEFINITIONS = """\
entities:
  user: {keys: {user_id: string}}
sources:
  events:
    path: data/events/*.parquet
    timestamp: event_time
    created: created
    columns: {user_id: string, item_id: string, amount: float64, event_time: timestamp, created: timestamp}
  profiles:
    path: data/profiles/*.parquet
    timestamp: event_time
    created: created
    columns: {user_id: string, %s, event_time: timestamp, created: timestamp}
views:
  profile: {entity: user, source: profiles, history: 2m, features: [%s]}
  spend:
    entity: user
    source: events
    windows: [30s, 2m]
    history: 2m
    features: {count: count(), sum: sum(amount), avg: avg(amount), std: stddev(amount), items: nunique(item_id), newest: last(item_id)}
""" % (", ".join(f"{name}: float64" for name in online.FLOATS), ", ".join(online.FLOATS))
FEATURES = [f"profile:{name}" for name in online.FLOATS] + [
    f"spend:{name}_{window}" for name in ("count", "sum", "avg", "std", "items", "newest") for window in ("30s", "2m")]
NAMES = [name.split(":")[1] for name in FEATURES]


def now_us() -> int:
    return time.time_ns() // 1000


def text_of(us: int) -> str:
    return np.datetime64(us, "us").item().isoformat(timespec="microseconds") + "Z"


class Knowledge:
    """What is known when: rows are under way from the moment that they may be known at to the end of the call that writes them. An
    answer about a moment at which none were under way is about exactly the rows that were known then."""

    def __init__(self):
        self.lock = threading.Lock()
        self.latest = 0
        self.open: dict[int, int] = {}
        self.closed: list[tuple[int, int]] = []

    @contextlib.contextmanager
    def under_way(self):
        with self.lock:
            begin = self.latest = max(now_us(), self.latest + 1)
            key = len(self.closed) + len(self.open)
            while key in self.open:
                key += 1
            self.open[key] = begin
        try:
            yield begin
        finally:
            with self.lock:
                self.closed.append((self.open.pop(key), now_us()))

    def settled(self, ago_us: int) -> int:
        """The latest moment, at least so long ago, before which nothing is under way."""
        with self.lock:
            moment = min([now_us() - ago_us, *(begin - 1 for begin in self.open.values())])
            self.latest = max(self.latest, moment)
            return moment

    def quiet(self, moment: int) -> bool:
        """Whether nothing was under way at a moment; to be asked when all is over."""
        return not any(begin <= moment <= end for begin, end in self.closed)


class Client:
    """A connection of its own; every answer but 200 is counted."""

    def __init__(self, address: str, failures: list[str]):
        host, port = address.split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=120)
        self.failures = failures

    def post(self, path: str, body: dict) -> dict | None:
        self.connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status == 200:
            return json.loads(text or b"{}")
        self.failures.append(f"{path}: {answer.status} {text[:500].decode()}")
        return None


def columns(random: np.random.Generator, source: str, rows: int) -> dict[str, list]:
    """Rows of a source but for `created`, a third of them of the 20 users who have the most. Some events are late."""
    users = np.where(random.random(rows) < 0.3, random.integers(0, 20, rows), random.integers(0, USERS, rows))
    late = np.where(random.random(rows) < 0.05, random.integers(0, EARLIER_US, rows), random.integers(0, 50_000, rows))
    found = {"user_id": [f"u{user:06d}" for user in users], "event_time": (now_us() - late).tolist()}
    if source == "events":
        found |= {"item_id": [f"i{item:03d}" for item in random.integers(0, 500, rows)],
                  "amount": np.round(random.lognormal(3.0, 1.0, rows), 2).tolist()}
    else:
        found |= {name: random.random(rows).tolist() for name in online.FLOATS}
    return found


def drop_file(folder: pathlib.Path, source: str, rows: dict[str, list], created: int, number: int) -> None:
    """A file that appears whole."""
    times = pa.array(rows["event_time"], data.UTC_US)
    table = pa.table(rows | {"event_time": times, "created": pa.array([created] * len(times), data.UTC_US)})
    into = folder / "data" / source
    into.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{source}.beside"
    pq.write_table(table, beside)
    beside.rename(into / f"{number:06d}.parquet")


@dataclasses.dataclass
class Sample:
    """What one key was answered about one moment."""
    user: str
    as_of: int
    values: list


class Soak:
    """The run: each of its methods that is named for what it does is a thread's until `over`."""

    def __init__(self, folder: pathlib.Path, server: feature_servers.HttpPeer, seconds: float):
        self.folder, self.server, self.seconds = folder, server, seconds
        self.over = threading.Event()
        self.knowledge, self.failures = Knowledge(), []
        self.samples: list[Sample] = []
        self.pushed_rows, self.push_s, self.materialize_s = 0, [], []
        self.memory: list[tuple[float, int, int, int]] = []  # when, all, without files' pages, the store's file
        self.read: dict[str, float] = {}

    def every(self, seconds: float):
        """Yields at this pace until the run is over; what was missed is not made up for."""
        while not self.over.wait(seconds):
            yield

    def push(self) -> None:
        """Rows that say when they were known, and rows of which the server says it when it takes them."""
        random, client = np.random.default_rng(1), Client(self.server.address, self.failures)
        for number, _ in enumerate(self.every(PUSH_EVERY_S)):
            for source, rows in (("events", PUSHED_EVENTS), ("profiles", PUSHED_PROFILES)):
                sent = columns(random, source, rows)
                with self.knowledge.under_way() as begin:
                    frame = sent | {"event_time": [text_of(us) for us in sent["event_time"]],
                                    "created": [text_of(begin) if number % 2 else None] * rows}
                    started = time.monotonic()
                    client.post("/push", {"push_source_name": source, "df": frame, "to": "online_and_offline"})
                    self.push_s.append(time.monotonic() - started)
                self.pushed_rows += rows

    def materialize(self) -> None:
        random, client = np.random.default_rng(2), Client(self.server.address, self.failures)
        for number, _ in enumerate(self.every(FILES_EVERY_S), 1):
            filed = {"events": columns(random, "events", FILED_EVENTS), "profiles": columns(random, "profiles", FILED_PROFILES)}
            with self.knowledge.under_way() as begin:
                for source, rows in filed.items():
                    drop_file(self.folder, source, rows, begin, number)
                started = time.monotonic()
                client.post("/materialize", {"start_ts": text_of(begin - 86_400_000_000), "end_ts": text_of(now_us())})
                self.materialize_s.append(time.monotonic() - started)

    def ask(self) -> None:
        """Asks about moments of which all is known; the commit that answers never goes back."""
        random, client, commit = np.random.default_rng(3), Client(self.server.address, self.failures), 0
        for _ in self.every(ASK_EVERY_S):
            users = [f"u{user:06d}" for user in (*random.integers(0, 20, ASKED_KEYS - 1), random.integers(0, USERS))]
            as_of = self.knowledge.settled(ASKED_AGO_US)
            answer = client.post("/features", {"features": FEATURES, "entities": {"user_id": users}, "as_of": text_of(as_of)})
            if answer is None:
                continue
            self.keep(users, answer)
            if self.samples[-1].as_of != as_of or answer["metadata"]["commit"] < commit:
                self.failures.append(f"asked {text_of(as_of)} behind commit {commit}, and was answered {answer['metadata']}")
            commit = answer["metadata"]["commit"]

    def keep(self, users: list[str], answer: dict) -> None:
        metadata = answer["metadata"]
        by_name = dict(zip(metadata["feature_names"], answer["results"]))
        as_of = int(np.datetime64(metadata["as_of"].removesuffix("Z"), "us").astype(np.int64))
        for row, user in enumerate(users):
            self.samples.append(Sample(user, as_of, [by_name[name]["values"][row] for name in NAMES]))

    def watch(self) -> None:
        begin = time.monotonic()
        for _ in self.every(5):
            total, own = feature_servers.status_of(self.server.process.pid, "VmRSS", "RssAnon")
            store = sum(path.stat().st_blocks * 512 for path in (self.folder / "online").glob("data.mdb"))
            self.memory.append((time.monotonic() - begin, total, own, store))

    def load(self) -> None:
        """Reads about now, from eight connections, as fast as they are answered."""
        bodies, random = self.folder / "bodies.jsonl", np.random.default_rng(4)
        users = [f"u{user:06d}" for user in random.integers(0, USERS, 10_000)]
        bodies.write_text("".join(json.dumps({"features": FEATURES, "entities": {"user_id": [user]}}) + "\n" for user in users))
        words = [feature_servers.BIN / "loader", "--address", self.server.address, "--bodies", bodies, "--connections", 8,
                 "--seconds", self.seconds, "--sample", self.folder / "sample", "--every", 4_999]
        done = subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True)
        self.read = json.loads(done.stdout)
        if self.read["errors"] or self.read["reconnects"]:
            self.failures.append(f"reads: {done.stdout}")
        self.now_answers = [json.loads(line) for line in (self.folder / "sample").read_text().splitlines()]
        self.now_users = users

    def go(self) -> None:
        threads = [threading.Thread(target=self.guard, args=(task,)) for task in (self.push, self.materialize, self.ask, self.watch)]
        for thread in threads:
            thread.start()
        try:
            self.load()
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        for one in self.now_answers:
            before = len(self.samples)
            self.keep([self.now_users[one["body"]]], one["answer"])
            if not self.knowledge.quiet(self.samples[-1].as_of):
                del self.samples[before:]

    def guard(self, task) -> None:
        try:
            task()
        except Exception as problem:  # a thread's; the run fails with it
            self.failures.append(f"{task.__name__}: {problem!r}")

    def growth(self) -> float:
        """Bytes in the last half, by the median of the slopes between any two moments: memory goes up and down with every run of
        `materialize`, and a line of least squares would follow the last of them."""
        half = [one for one in self.memory if one[0] >= self.seconds / 2]
        slope = statistics.median((b[2] - a[2]) / (b[0] - a[0]) for a, b in itertools.combinations(half, 2))
        return slope * (half[-1][0] - half[0][0])


def check(repository: online.Repository, samples: list[Sample]) -> int:
    """Values that a training set over the same files and pushed rows has too."""
    spine, out = repository.folder / "spine.parquet", repository.folder / "training.parquet"
    pq.write_table(pa.table({"user_id": [one.user for one in samples],
                             "event_timestamp": pa.array([one.as_of for one in samples], data.UTC_US)}), spine)
    repository.call("training-set", "--spine", spine, "--features", ",".join(FEATURES), "--out", out)
    rows = pq.read_table(out).select(NAMES).to_pylist()
    different = [(sample, row) for sample, row in zip(samples, rows, strict=True) if repr(sample.values) != repr(list(row.values()))]
    if different:
        sample, row = different[0]
        raise SystemExit(f"bench: {len(different)} of {len(samples)} answers differ from a training set, the first of {sample.user} at "
                         f"{text_of(sample.as_of)}:\n{sample.values}\n{list(row.values())}")
    return len(samples) * len(NAMES)


def report(seconds: float) -> list[str]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "soak"
        random = np.random.default_rng(0)
        for source, rows in (("events", 50_000), ("profiles", USERS)):
            drop_file(folder, source, columns(random, source, rows), now_us(), 0)
        repository = online.Repository(folder, DEFINITIONS, "lmdb:./online")
        repository.call("materialize")
        with feature_servers.millrace("soak", folder, "/dev/null") as server:
            soak = Soak(folder, server, seconds)
            soak.go()
        if server.process.returncode != 0:
            soak.failures.append(f"the server ended with {server.process.returncode}")
        if soak.failures:
            raise SystemExit(f"bench: {len(soak.failures)} failures, the first: {soak.failures[0]}\n"
                             + (folder / "serve.log").read_text()[-2000:])
        return figures(soak, check(repository, soak.samples))


def figures(soak: Soak, values: int) -> list[str]:
    target = serve.Target("growth of memory in the last half, but for pages of the store's file", soak.growth() / 2**20,
                          GROWTH_BYTES_MAX / 2**20, at_least=False, unit=" MiB")
    first, last = soak.memory[len(soak.memory) // 2], soak.memory[-1]
    sizes = [f"{name} {first[i] / 2**20:,.0f} MiB at half time, {last[i] / 2**20:,.0f} at the end"
             for i, name in ((1, "resident"), (2, "of this without the pages of files"), (3, "the store's file"))]
    push_ms, materialize_ms = ([1e3 * one for one in times] for times in (soak.push_s, soak.materialize_s))
    return [*run.TARGETS_HEAD, target.line(), "",
            f"- {soak.read['requests']:,.0f} reads, {soak.read['rps']:,.0f} a second, p50 {soak.read['p50']:,.0f} µs, p99 "
            f"{soak.read['p99']:,.0f} µs, at most {soak.read['max'] / 1e3:,.0f} ms; none failed",
            f"- {soak.pushed_rows:,} rows pushed, {soak.pushed_rows / soak.seconds:,.0f} a second, by {len(push_ms):,} calls: median "
            f"{statistics.median(push_ms):,.1f} ms, at most {max(push_ms):,.0f} ms; none failed",
            f"- {len(materialize_ms)} times `POST /materialize` of new files: median {statistics.median(materialize_ms):,.0f} ms, at most "
            f"{max(materialize_ms):,.0f} ms; none failed",
            f"- {len(soak.samples):,} sampled answers, {values:,} values: the same bits as in a training set of their moments",
            f"- memory: {'; '.join(sizes)}", ""]


def main() -> None:
    options = argparse.ArgumentParser(prog="./dev bench --soak", description=__doc__)
    options.add_argument("--soak", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--seconds", type=float, default=SECONDS, help="at least 60; what is shorter than ten minutes is not what the bound of "
                         "memory is meant for, and leaves RESULTS.md as it is")
    chosen = options.parse_args()
    if chosen.seconds < 60:
        options.error("what is shorter than a minute is no soak")
    head = [run.SOAK, "", *run.circumstances(
        f"One `serve` on the embedded store for {chosen.seconds:g} s: reads of 10 snapshot and 12 windowed features from 8 connections, "
        "pushes, files materialized, all at once.", ("pyarrow",))]
    section = "\n".join([*head, *report(chosen.seconds)])
    print(section)
    if chosen.seconds >= SECONDS:
        run.replace_section(run.SOAK, section)


if __name__ == "__main__":
    main()
