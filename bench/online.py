"""`./dev bench --online`: fills online stores, embedded and Redis, asks them, and compares with Feast and with training sets.
Millrace is measured as whole processes from outside. Called with MILLRACE set to the binary, ONLINE_BENCH to the micro-benchmark and
FEAST_PYTHON to a Python that has Feast ("": Feast's figure is quoted). The full run writes the section of RESULTS.md."""
import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import data
import process
import run

HERE = pathlib.Path(__file__).resolve().parent
REDIS = HERE.parent / "tests/servers/redis.sh"
FEAST_QUOTED = 4_700  # rows a second into Redis, from another machine
ASKED = 1_000
FLOATS = [f"f{i}" for i in range(10)]


@dataclasses.dataclass(frozen=True)
class Sizes:
    snapshots: int
    events: int
    zipf: int
    feast: int


FULL = Sizes(snapshots=2_000_000, events=5_000_000, zipf=10_000_000, feast=50_000)
QUICK = Sizes(snapshots=100_000, events=300_000, zipf=1_000_000, feast=2_000)


@dataclasses.dataclass
class Row:
    """A line of the report; with a bound it is a target."""
    text: str
    value: float
    unit: str
    bound: float | None = None
    at_least: bool = True

    def line(self) -> str:
        value = f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.1f}"
        if self.bound is None:
            return f"| {self.text} | {value} {self.unit} | | |"
        met = self.value >= self.bound if self.at_least else self.value <= self.bound
        return f"| {self.text} | {value} {self.unit} | {'≥' if self.at_least else '≤'} {self.bound:,.0f} | {'yes' if met else '**no**'} |"


SNAPSHOT_VIEW = f"""\
entities:
  user: {{keys: {{user_id: string}}}}
sources:
  profiles: {{path: %s, timestamp: event_time}}
views:
  v: {{entity: user, source: profiles, features: [{', '.join(FLOATS)}]}}
"""
# The events are of a year that is over.
WINDOWED_VIEW = """\
entities:
  user: {keys: {user_id: string}}
sources:
  events: {path: %s, timestamp: event_time}
views:
  v:
    entity: user
    source: events
    windows: [1d, 7d, 30d, 90d]
    history: all
    features: {count: count(), sum: sum(amount), avg: avg(amount), std: stddev(amount), items: nunique(item_id)}
"""


class Repository:
    """A feature repository whose online store can be filled again and again."""

    def __init__(self, folder: pathlib.Path, definitions: str, online: str):
        self.folder, self.online, self.empty_bytes = folder, online, 0
        (folder / "features").mkdir(parents=True)
        (folder / "millrace.yaml").write_text(f"project: bench\nonline: {online}\n")
        (folder / "features" / "bench.yaml").write_text(definitions)
        self.call("apply")

    def words(self, *arguments: object) -> list[str]:
        return [run.MILLRACE, "--project", str(self.folder), *map(str, arguments)]

    def call(self, *arguments: object) -> None:
        subprocess.run(self.words(*arguments), check=True, stdout=subprocess.DEVNULL)

    def redis(self, *words: str) -> str:
        """The answer of the Redis that it fills; "" when it fills none."""
        if not self.online.startswith("unix:"):
            return ""
        socket = self.online.removeprefix("unix://").split("?")[0]
        return subprocess.run(["redis-cli", "-s", socket, *words], check=True, stdout=subprocess.PIPE, text=True).stdout

    def empty(self) -> None:
        self.redis("flushall")
        shutil.rmtree(self.folder / "online", ignore_errors=True)
        self.empty_bytes = self.bytes()

    def fill(self, rounds: int) -> float:
        """Seconds, the median of whole runs of `materialize` into an empty store, which is full afterwards."""
        seconds = []
        for _ in range(rounds):
            self.empty()
            seconds.append(process.run(self.words("materialize"))["wall_s"])
        return float(np.median(seconds))

    def bytes(self) -> int:
        used = [line for line in self.redis("info", "memory").splitlines() if line.startswith("used_memory:")]
        files = (self.folder / "online").glob("data.mdb")
        return int(used[0].split(":")[1]) if used else sum(path.stat().st_blocks * 512 for path in files)

    def sizes(self, of: int, what: str) -> tuple[str, float]:
        """What it takes in all, by `of`, and how to say it beside what `plan` says."""
        planned = json.loads(subprocess.run(self.words("plan", "--json"), check=True, stdout=subprocess.PIPE).stdout)["online"]["bytes"]
        return f"… bytes of {what}; `plan` estimates {planned / of:.1f}", (self.bytes() - self.empty_bytes) / of

    def check(self, spine: pa.Table) -> int:
        """Values that `get` and a training set both give for the rows of `spine` (user_id, event_timestamp); they are the same
        bits, or the run ends."""
        asked, online, training = (self.folder / f"{name}.parquet" for name in ("asked", "online_values", "training"))
        pq.write_table(spine, self.folder / "spine.parquet")
        pq.write_table(spine.rename_columns(["user_id", "as_of"]), asked)
        self.call("training-set", "--spine", self.folder / "spine.parquet", "--features", "v:*", "--out", training)
        self.call("get", "--features", "v:*", "--keys", asked, "--out", online)
        a, b = pq.read_table(training), pq.read_table(online)
        features = [name for name in b.column_names if name not in ("user_id", "as_of")]
        for name in features:
            x, y = (table[name].combine_chunks() for table in (a, b))
            if x.type != y.type or not bits(x).equals(bits(y)):
                raise SystemExit(f"bench: {name} is not the same in a training set and online")
        return len(features) * a.num_rows


def bits(column: pa.Array) -> pa.Array:
    return column.view(pa.int64()) if pa.types.is_float64(column.type) else column


def sample(path: pathlib.Path, moment: datetime.datetime | None) -> pa.Table:
    """Some keys of a file, at `moment` or at times within the file's."""
    random = np.random.default_rng(1)
    source = pq.read_table(path, columns=["user_id", "event_time"])
    rows = source.take(pa.array(np.sort(random.choice(source.num_rows, ASKED, replace=False))))
    times = pa.array([moment] * ASKED, data.UTC_US) if moment else rows["event_time"]
    return pa.table({"user_id": rows["user_id"], "event_timestamp": times})


def feast_rate(rows: int, store: str, folder: pathlib.Path) -> float:
    """Rows a second of Feast's `materialize` alone, without the start of its process."""
    words = [os.environ["FEAST_PYTHON"], str(HERE / "peers/feast_materialize.py"), str(data.catalogue(rows)), str(folder), store]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return rows / json.loads(done.stdout.splitlines()[-1])["seconds"]


def snapshot_rows(sizes: Sizes, folder: pathlib.Path, redis: str, rounds: int) -> list[Row]:
    path = data.catalogue(sizes.snapshots)
    about = f"snapshot rows of 10 floats, {sizes.snapshots:,} keys,"
    lines = []
    for name, online, bound in (("the embedded store", "lmdb:./online", 300_000), ("Redis by a unix socket", redis, 100_000)):
        repository = Repository(folder / name.replace(" ", "_"), SNAPSHOT_VIEW % path, online)
        seconds = repository.fill(rounds)
        now = datetime.datetime.now(datetime.timezone.utc)
        values = repository.check(sample(path, now))
        lines.append(Row(f"{about} into {name}; {values:,} values as in a training set", sizes.snapshots / seconds, "rows/s", bound))
        lines.append(Row(*repository.sizes(sizes.snapshots, "a key"), "bytes"))
        repository.empty()
    return lines


def feast_rows(sizes: Sizes, folder: pathlib.Path, address: str) -> list[Row]:
    if not os.environ.get("FEAST_PYTHON"):
        return [Row("Feast into Redis (quoted, from another machine: it could not be installed here)", FEAST_QUOTED, "rows/s")]
    return [Row(f"Feast 0.67 `materialize`, {sizes.feast:,} such rows, into {name}", feast_rate(sizes.feast, store, folder / f"feast_{name}"), "rows/s")
            for name, store in (("Redis", address), ("SQLite", "sqlite"))]


def events(sizes: Sizes, folder: pathlib.Path, redis: str, rounds: int) -> list[Row]:
    lines = []
    about = "events by zipf 1.1 into count, sum, avg, stddev, nunique over 1, 7, 30, 90 days,"
    for name, online, bound in (("the embedded store", "lmdb:./online", 500_000), ("Redis by a unix socket", redis, None)):
        path = data.events(sizes.events)
        repository = Repository(folder / f"events_{online[:4]}", WINDOWED_VIEW % path, online)
        seconds = repository.fill(rounds)
        values = repository.check(sample(path, None))
        lines.append(Row(f"{sizes.events:,} {about} into {name}; {values:,} values as in a training set", sizes.events / seconds, "events/s", bound))
        lines.append(Row(*repository.sizes(sizes.events, "an event"), "bytes"))
        repository.empty()
    repository = Repository(folder / "zipf", WINDOWED_VIEW % data.events(sizes.zipf), "lmdb:./online")
    lines.append(Row(f"{sizes.zipf:,} {about} into the embedded store", sizes.zipf / repository.fill(1), "events/s"))
    return [*lines, Row(*repository.sizes(sizes.zipf, f"an event, {data.USERS:,} users"), "bytes", 60, at_least=False)]


# What one thread reads at least: keys a second.
READ_TARGETS = {"PointReads": 200_000, "WindowReads": 20_000, "HottestKeyMoments": 200}
READS = {
    "PointReads": "10 snapshot features of 100,000 keys",
    "WindowReads": "20 windowed features over 1 to 90 days, exact, of keys with 1,000 events",
    "HottestKeyMoments": "count, sum, avg, stddev, min and max over 90 days of a key with 1,300,000 events",
    "HottestKeyDistinct": "nunique alone of that key",
}


def micro(quick: bool) -> list[str]:
    """The figures of src/online/online_bench.cc, which asks within one process."""
    words = [os.environ["ONLINE_BENCH"], "--benchmark_format=json", "--benchmark_filter=" + ("PointReads" if quick else "Reads|Hottest|Apply")]
    found = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    micros = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}
    lines = ["| in one process, one thread, embedded (src/online/online_bench.cc) | µs a call | keys, or rows, a second | bound | met |",
             "| --- | ---: | ---: | ---: | --- |"]
    for one in found["benchmarks"]:
        name, _, argument = one["name"].partition("/")
        about = f"{READS.get(name, name)}; {argument}" if argument else READS.get(name, name)
        rate = one.get("items_per_second", 0)
        bound = READ_TARGETS.get(name)
        met = "" if bound is None else "yes" if rate >= bound else "**no**"
        lines.append(f"| {about} | {one['real_time'] * micros[one['time_unit']]:,.1f} | {rate:,.0f} | "
                     f"{'' if bound is None else f'≥ {bound:,}'} | {met} |")
    return lines


def report(sizes: Sizes, rounds: int, quick: bool) -> list[str]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        settings = subprocess.run([REDIS, "start", folder / "redis", str(os.getpid())], check=True, stdout=subprocess.PIPE, text=True).stdout
        urls = dict(line.split("=", 1) for line in settings.splitlines())
        redis, tcp = urls["MILLRACE_REDIS_UNIX_URL"], urls["MILLRACE_REDIS_URL"]
        try:
            rows = snapshot_rows(sizes, folder, redis, rounds)
            rows += feast_rows(sizes, folder, tcp.removeprefix("redis://").split("/")[0])
            rows += events(sizes, folder, redis, rounds)
        finally:
            subprocess.run([REDIS, "stop", folder / "redis"], check=True)
    return ["| | measured | bound | met |", "| --- | ---: | ---: | --- |", *(row.line() for row in rows), "", *micro(quick), ""]


def main() -> None:
    options = argparse.ArgumentParser(prog="./dev bench --online", description=__doc__)
    options.add_argument("--online", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--quick", action="store_true", help="small sizes, for which the targets are not meant; writes nothing")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    head = [run.ONLINE, "", *run.circumstances("Rows and events: whole `materialize` processes, from Parquet to a store that is "
                                               f"committed, medians of {chosen.rounds} rounds.")]
    section = "\n".join([*head, *report(QUICK if chosen.quick else FULL, chosen.rounds, chosen.quick)])
    print(section)
    if not chosen.quick:
        run.replace_section(run.ONLINE, section)


if __name__ == "__main__":
    main()
