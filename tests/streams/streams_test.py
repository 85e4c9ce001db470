"""The sweep driven as a foreign engine drives it: Python generators of sorted Arrow batches go in, batches of
answers are pushed out while it runs, and what comes out is what `millrace training-set` says, to the bit.

MILLRACE_BIN names the binary, MILLRACE_STREAMS the library of streams.cc; ctest sets both.
"""

import ctypes
import dataclasses
import os
import pathlib
import random
import struct
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("MILLRACE_BIN", ROOT / "build" / "bin" / "millrace"))
LIBRARY = pathlib.Path(os.environ.get("MILLRACE_STREAMS", ROOT / "build" / "tests" / "streams" / "libstreams.so"))

MICROS_PER_HOUR = 3_600_000_000
T0 = 1_735_689_600_000_000  # 2025-01-01
TIME = pa.timestamp("us", "UTC")

DEFINITIONS = """
entities:
  user: {{keys: {{user_id: string}}}}
  pair: {{keys: {{user_id: string, kind: string}}}}
sources:
  events:
    path: events.parquet
    timestamp: event_time
    {created}
    columns: {{user_id: string, kind: string, amount: float64, n: int64, event_time: timestamp{created_column}}}
views:
  spend:
    entity: user
    source: events
    where: n <> 3
    windows: [1h, 1d, all]
    features:
      count: count()
      sum: sum(amount)
      avg: avg(amount)
      stddev: stddev(amount)
      kinds: nunique(kind)
      last: last(kind)
      newest: last_k(n, 3)
      big: sum(n) filter (where amount > 1)
  rounded: {{entity: pair, source: events, window: 3h, resolution: 1h, features: {{count: count(), max: max(amount)}}}}
  profile: {{entity: user, source: events, ttl: 5h, features: [kind, amount]}}
labels:
  next_day: {{entity: user, source: events, window: 1d, value: sum(amount)}}
"""


def definitions(created: bool) -> str:
    return DEFINITIONS.format(created="created: created" if created else "",
                              created_column=", created: timestamp" if created else "")


# ---- the library ----

PUSH = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def load():
    library = ctypes.CDLL(str(LIBRARY))
    library.streams_open.restype = ctypes.c_void_p
    library.streams_open.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
    library.streams_close.argtypes = [ctypes.c_void_p]
    library.streams_close.restype = None
    for name in ("streams_problem", "streams_columns"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
        getattr(library, name).restype = ctypes.c_char_p
    library.streams_sweep.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, PUSH]
    library.streams_key_hash.argtypes = [ctypes.c_char_p, ctypes.c_int64]
    library.streams_key_hash.restype = ctypes.c_uint64
    return library


STREAMS = load()


class SweepError(Exception):
    pass


class Sweep:
    """One view or label, ready to be swept."""

    def __init__(self, yaml: str, name: str, ignore_created: bool = False):
        self.session = STREAMS.streams_open(yaml.encode(), name.encode(), ignore_created)
        self.check()
        lines = STREAMS.streams_columns(self.session).decode().splitlines()
        self.columns = dict(line.split("\t") for line in lines)

    def __del__(self):
        STREAMS.streams_close(self.session)

    def check(self):
        problem = STREAMS.streams_problem(self.session).decode()
        if problem:
            raise SweepError(problem)

    def run(self, events, spine, rows_max, take):
        """events, spine: (schema, generator). take(batch) is called for every batch that is pushed."""
        streams, raised = [], []
        for schema, batches in (events, spine):
            streams.append((ctypes.c_void_p * 5)())  # an ArrowArrayStream
            pa.RecordBatchReader.from_batches(schema, batches)._export_to_c(ctypes.addressof(streams[-1]))

        def push(schema, array):
            try:
                take(pa.RecordBatch._import_from_c(array, schema))
                return 0
            except Exception as error:  # it cannot pass through C
                raised.append(error)
                return 1

        STREAMS.streams_sweep(self.session, *map(ctypes.addressof, streams), rows_max, PUSH(push))
        if raised:
            raise raised[0]
        self.check()


# ---- events and questions ----


@dataclasses.dataclass
class Event:
    user: str
    kind: str | None
    amount: float | None
    n: int
    time: int
    created: int


def random_events(count: int, seed: int, users: int) -> list[Event]:
    """Few instants, so that ties are the rule; some known late, some before they happened."""
    draw = random.Random(seed)
    events = []
    for _ in range(count):
        time = T0 + draw.randrange(300) * MICROS_PER_HOUR // 4 + draw.choice([0, 0, 0, 1, -1])
        late = draw.choice([0, 0, 0, MICROS_PER_HOUR // 4, 40 * MICROS_PER_HOUR, -MICROS_PER_HOUR, 1])
        events.append(Event(
            user=f"u{min(int(draw.expovariate(4 / users)), users - 1)}é" if users > 1 else "one",
            kind=draw.choice(["a", "b", "ab", "", None]),
            amount=draw.choice([0.1, -0.0, 0.0, 1e16, -1e16, 2.5, float("nan"), float("inf"), None]
                               if draw.random() < 0.1 else [0.1, 0.2, 1.5, -3.25, None]),
            n=draw.randrange(5), time=time, created=time + late))
    return events


def random_questions(count: int, seed: int, users: int) -> list[tuple[str, str, int]]:
    draw = random.Random(seed + 1)
    return [(f"u{draw.randrange(users + 2)}é" if users > 1 else "one", draw.choice(["a", "ab", "zz"]),
             T0 + draw.randrange(320) * MICROS_PER_HOUR // 4 + draw.choice([0, 0, 1]))
            for _ in range(count)]


def canonical_key(*values: str) -> bytes:
    """Every value after its length as a varint."""
    key = b""
    for value in values:
        size = len(value.encode())
        while size >= 0x80:
            key += bytes([size & 0x7F | 0x80])
            size >>= 7
        key += bytes([size]) + value.encode()
    return key


def key_hash(key: bytes) -> int:
    return STREAMS.streams_key_hash(key, len(key))


# The expressions of the definitions, as this engine computes them.
CELLS = {
    "kind": (pa.string(), lambda event: event.kind),
    "amount": (pa.float64(), lambda event: event.amount),
    "n": (pa.int64(), lambda event: event.n),
    "amount > 1": (pa.bool_(), lambda event: event.amount is not None and not event.amount <= 1),  # NaN is greatest
    "amount > 1.0": (pa.bool_(), lambda event: event.amount is not None and not event.amount <= 1),
}


@dataclasses.dataclass
class Asked:
    """What is asked of one view or label, and how its streams are made."""

    name: str
    created: bool
    ignore_created: bool = False

    @property
    def by_pair(self) -> bool:
        return self.name == "rounded"

    def key(self, user, kind) -> bytes | None:
        if not self.by_pair:
            return canonical_key(user)
        return None if kind is None else canonical_key(user, kind)

    def entry(self, event: Event) -> int:
        if self.name == "next_day":
            return event.time
        begin = event.time if self.name == "profile" else event.time + 1
        return max(begin, event.created) if self.created and not self.ignore_created else begin

    def events(self, sweep: Sweep, events: list[Event], batch_rows: int, batches_read: list | None = None):
        kept = [event for event in events
                if self.key(event.user, event.kind) is not None and ("where" not in sweep.columns or event.n != 3)]
        order = sorted(kept, key=lambda event: (
            key_hash(self.key(event.user, event.kind)), self.key(event.user, event.kind), self.entry(event),
            event.time, event.created))
        wanted = [(column, *CELLS[text]) for column, text in sweep.columns.items()
                  if column.split()[0] in ("input", "filter", "value")]
        fields = [("key", pa.binary()), ("event_time", TIME)] + ([("created", TIME)] if self.created else [])
        schema = pa.schema(fields + [(column, type_) for column, type_, _ in wanted])

        def batches():
            for first in range(0, len(order), batch_rows):
                part = order[first:first + batch_rows]
                arrays = [pa.array([self.key(event.user, event.kind) for event in part], pa.binary()),
                          pa.array([event.time for event in part], TIME)]
                if self.created:
                    arrays.append(pa.array([event.created for event in part], TIME))
                arrays += [pa.array([cell(event) for event in part], type_) for _, type_, cell in wanted]
                if batches_read is not None:
                    batches_read.append(len(part))
                yield pa.record_batch(arrays, schema=schema)

        return schema, batches()

    def spine(self, questions, batch_rows: int):
        order = sorted(((key_hash(key), key, time, row) for row, (user, kind, time) in enumerate(questions)
                        for key in [self.key(user, kind)]))
        schema = pa.schema([("key", pa.binary()), ("event_timestamp", TIME), ("row", pa.int64())])

        def batches():
            for first in range(0, len(order), batch_rows):
                part = order[first:first + batch_rows]
                yield pa.record_batch([pa.array([key for _, key, _, _ in part], pa.binary()),
                                       pa.array([time for _, _, time, _ in part], TIME),
                                       pa.array([row for _, _, _, row in part], pa.int64())], schema=schema)

        return schema, batches()


def bits(value):
    """A cell so that equal means equal to the bit."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    return [bits(item) for item in value] if isinstance(value, list) else value


def training_set(folder, asked: Asked, events, questions) -> pa.Table:
    """What the binary says of the same events, in a file and in no order."""
    (folder / "features").mkdir(exist_ok=True)
    (folder / "millrace.yaml").write_text("project: streams\nregistry: sqlite:registry.db\n")
    (folder / "features" / "all.yaml").write_text(definitions(asked.created))
    columns = {"user_id": [event.user for event in events], "kind": [event.kind for event in events],
               "amount": pa.array([event.amount for event in events], pa.float64()),
               "n": [event.n for event in events], "event_time": pa.array([event.time for event in events], TIME)}
    if asked.created:
        columns["created"] = pa.array([event.created for event in events], TIME)
    pq.write_table(pa.table(columns), folder / "events.parquet", row_group_size=500)
    pq.write_table(pa.table({"user_id": [user for user, _, _ in questions], "kind": [kind for _, kind, _ in questions],
                             "event_timestamp": pa.array([time for _, _, time in questions], TIME)}),
                   folder / "spine.parquet")
    what = ["--labels", "next_day"] if asked.name == "next_day" else ["--features", f"{asked.name}:*", "--full-names"]
    for arguments in (["apply"], ["training-set", "--spine", "spine.parquet", "--out", "out.parquet", *what,
                                  *(["--ignore-created"] if asked.ignore_created else [])]):
        done = subprocess.run([BINARY, *arguments], cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    return pq.read_table(folder / "out.parquet")


def swept(sweep: Sweep, asked: Asked, events, questions, batch_rows: int, rows_max: int) -> dict[str, list]:
    """Cells by feature and row of the questions; `found` too."""
    names = {column: name for column, name in sweep.columns.items() if column.startswith("feature")}
    answers = {name: [None] * len(questions) for name in ("found", *names.values())}
    answered = set()

    def take(batch):
        for at, row in enumerate(batch["row"].to_pylist()):
            assert row not in answered
            answered.add(row)
            answers["found"][row] = batch["found"][at].as_py()
            for column, name in names.items():
                answers[name][row] = batch[column][at].as_py()

    sweep.run(asked.events(sweep, events, batch_rows), asked.spine(questions, batch_rows), rows_max, take)
    assert answered == set(range(len(questions)))
    return answers


ASKED = [
    Asked("spend", created=False), Asked("spend", created=True), Asked("spend", created=True, ignore_created=True),
    Asked("rounded", created=True), Asked("profile", created=False), Asked("profile", created=True),
    Asked("profile", created=True, ignore_created=True), Asked("next_day", created=True),
]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked.name}-{asked.created}-{asked.ignore_created}")
@pytest.mark.parametrize("users", [1, 40])
def test_generators_get_what_the_training_set_says(tmp_path, asked, users):
    events = random_events(2_000, 7, users)
    questions = random_questions(400, 7, users)
    table = training_set(tmp_path, asked, events, questions)
    sweep = Sweep(definitions(asked.created), asked.name, asked.ignore_created)
    newest = max(event.time for event in events)
    for batch_rows, rows_max in ((1, 1), (64, 10), (700, 1_000), (10_000, 1 << 16)):
        answers = swept(sweep, asked, events, questions, batch_rows, rows_max)
        compared = 0
        for name, cells in answers.items():
            if name == "found":
                continue
            column = table[name if asked.name == "next_day" else f"{asked.name}__{name}"].to_pylist()
            for row, (_, _, time) in enumerate(questions):
                if asked.name == "next_day" and time + 24 * MICROS_PER_HOUR > newest:
                    assert column[row] is None  # the training set waits until the label's window is over
                    continue
                assert bits(cells[row]) == bits(column[row]), (name, questions[row], batch_rows, rows_max)
                compared += cells[row] is not None
        assert compared > 100


def test_answers_are_pushed_while_events_are_still_being_made():
    asked = Asked("spend", created=True)
    sweep = Sweep(definitions(True), "spend")
    read, at_push, resources = [], [], []

    def take(batch):
        at_push.append(sum(read))
        resources.append((len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))))

    def before():
        return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

    events = random_events(20_000, 3, 500)
    questions = random_questions(2_000, 3, 500)
    streams = asked.events(sweep, events, 50, read), asked.spine(questions, 50)
    resources.append(before())
    sweep.run(*streams, 200, take)
    assert len(at_push) > 50
    assert at_push[0] < 1_000 and at_push[len(at_push) // 2] < 15_000
    assert len(set(resources)) == 1, "no thread and no file of its own"


def test_memory_is_what_a_question_sees_not_what_the_stream_holds():
    """One key with ever more events, of which no question sees more than an hour's."""
    yaml = definitions(False).replace("windows: [1h, 1d, all]", "windows: [10m, 1h]")
    sweep = Sweep(yaml, "spend")
    wanted = [(column, CELLS[text][0]) for column, text in sweep.columns.items()
              if column.split()[0] in ("input", "filter")]
    schema = pa.schema([("key", pa.binary()), ("event_time", TIME), *wanted])
    spine_schema = pa.schema([("key", pa.binary()), ("event_timestamp", TIME), ("row", pa.int64())])
    values = {pa.string(): "a", pa.float64(): 0.1, pa.int64(): 1, pa.bool_(): True}
    rows, key = 1_000, canonical_key("one")

    def events(batches):
        for batch in range(batches):
            times = range(T0 + batch * rows * 1_000_000, T0 + (batch + 1) * rows * 1_000_000, 1_000_000)
            yield pa.record_batch([pa.array([key] * rows, pa.binary()), pa.array(times, TIME),
                                   *(pa.array([values[type_]] * rows, type_) for _, type_ in wanted)], schema=schema)

    def spine(batches):
        for batch in range(batches):
            times = [T0 + (batch * rows + second) * 1_000_000 for second in range(0, rows, 10)]
            yield pa.record_batch([pa.array([key] * len(times), pa.binary()), pa.array(times, TIME),
                                   pa.array(range(len(times)), pa.int64())], schema=spine_schema)

    def peak(batches):
        resident, counts = [], []

        def take(batch):
            resident.append(int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096)
            counts.append(batch["feature 1"][len(batch) - 1].as_py())

        sweep.run((schema, events(batches)), (spine_schema, spine(batches)), 2_000, take)
        assert counts[-1] == 3_600
        assert len(counts) <= batches, "what is carried over is not swept once a question"
        return max(resident) - resident[0]

    peak(50)
    assert peak(600) < 8 << 20  # the stream holds 600,000 events


# ---- what goes wrong ----


def simple_run(name="spend", events=None, spine=None, take=lambda batch: None, created=False):
    asked = Asked(name, created)
    sweep = Sweep(definitions(created), name)
    made = random_events(100, 1, 3)
    sweep.run(events or asked.events(sweep, made, 10), spine or asked.spine(random_questions(20, 1, 3), 10), 5, take)


def test_definitions_that_do_not_compile_and_names_that_are_none():
    with pytest.raises(SweepError, match="unknown_name"):
        Sweep(definitions(False), "spent")
    with pytest.raises(SweepError, match="all.yaml"):
        Sweep(definitions(False).replace("sum(amount)", "sum(amuont)"), "spend")


def test_streams_that_are_not_sorted():
    asked = Asked("spend", False)
    sweep = Sweep(definitions(False), "spend")
    schema, batches = asked.events(sweep, random_events(100, 1, 3), 10)
    every_key = [(f"u{user}é", "a", T0 + 400 * MICROS_PER_HOUR) for user in range(3)]
    with pytest.raises(SweepError, match="bad_value"):
        simple_run(events=(schema, reversed(list(batches))), spine=asked.spine(every_key, 10))
    schema, batches = asked.spine(random_questions(20, 1, 3), 5)
    with pytest.raises(SweepError, match="bad_value"):
        simple_run(spine=(schema, reversed(list(batches))))


@pytest.mark.parametrize("missing", ["key", "event_time", "input 0", "filter 0"])
def test_a_column_that_is_missing(missing):
    asked = Asked("spend", False)
    sweep = Sweep(definitions(False), "spend")
    schema, batches = asked.events(sweep, random_events(100, 1, 3), 10)
    table = pa.Table.from_batches(list(batches), schema).drop_columns([missing])
    with pytest.raises(SweepError, match="missing_column"):
        simple_run(events=(table.schema, table.to_batches()))


def test_a_column_of_another_type():
    asked = Asked("spend", False)
    sweep = Sweep(definitions(False), "spend")
    column = next(column for column, text in sweep.columns.items() if text == "amount")
    schema, batches = asked.events(sweep, random_events(100, 1, 3), 10)
    table = pa.Table.from_batches(list(batches), schema)
    at = table.column_names.index(column)
    table = table.set_column(at, column, pa.array([[1]] * table.num_rows))
    with pytest.raises(SweepError, match="type_mismatch"):
        simple_run(events=(table.schema, table.to_batches()))


def test_a_generator_that_fails_and_a_push_that_fails():
    schema, batches = Asked("spend", False).spine(random_questions(20, 1, 3), 5)

    def failing():
        yield next(batches)
        raise RuntimeError("the executor was lost")

    with pytest.raises(SweepError, match="the executor was lost"):
        simple_run(spine=(schema, failing()))

    def refuse(batch):
        raise KeyError("no room")

    with pytest.raises(KeyError, match="no room"):
        simple_run(take=refuse)


def test_streams_that_are_empty():
    asked = Asked("spend", False)
    sweep = Sweep(definitions(False), "spend")
    pushed = []
    sweep.run(asked.events(sweep, [], 10), asked.spine([], 10), 5, pushed.append)
    assert pushed == []
    sweep.run(asked.events(sweep, [], 10), asked.spine(random_questions(20, 1, 3), 10), 5, pushed.append)
    assert sum(batch.num_rows for batch in pushed) == 20
    assert {count for batch in pushed for count in batch["feature 0"].to_pylist()} == {0}


# ---- what it is linked to ----


def test_the_library_needs_no_files_threads_sockets_or_formats():
    needed = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    for library in ("parquet", "dataset", "acero", "compute", "sqlite", "soci", "pthread"):
        assert f"lib{library}" not in needed and f"libarrow_{library}" not in needed, needed
    symbols = subprocess.run(["nm", "-D", "--undefined-only", LIBRARY], capture_output=True, text=True, check=True)
    names = {line.split()[-1].split("@")[0] for line in symbols.stdout.splitlines()}
    assert not names & {"open", "open64", "openat", "fopen", "fopen64", "creat", "socket", "connect", "pthread_create",
                        "fork", "mkostemp64", "pwrite64", "gettimeofday", "clock_gettime"}, names
