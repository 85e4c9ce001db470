"""A small project whose jobs are made to fail: its rows are numbered, and row n's amount is n, so that what a
store holds says which rows they are.

MILLRACE_BIN names the binary; ctest sets it. MILLRACE_SEED draws other moments to kill at.
"""

import dataclasses
import datetime
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess

import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("MILLRACE_BIN", ROOT / "build" / "bin" / "millrace"))
MEMORY = pathlib.Path("/dev/shm")  # nothing here is about disks, and they take most of the time

USERS = ["u0", "u1", "u2"]
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
CLICKS = "spend:*,total:clicks"
ASKED = CLICKS + ",ordered:*,profile:level"

DEFINITIONS = """
entities:
  user: {keys: {user_id: string}}
sources:
  clicks:
    timestamp: event_time
    columns: {user_id: string, amount: float64, event_time: timestamp}
  orders:
    path: data/orders-*.csv
    timestamp: event_time
    columns: {user_id: string, amount: float64, event_time: timestamp}
  profiles:
    path: data/profiles-*.csv
    timestamp: event_time
    columns: {user_id: string, level: int64, event_time: timestamp}
views:
  spend: {entity: user, source: clicks, window: 30d, history: all, features: {sum: sum(amount), count: count()}}
  total: {source: clicks, window: 30d, history: all, features: {clicks: count()}}
  ordered:
    entity: user
    source: orders
    windows: [7d, 30d]
    history: all
    features: {order_sum: sum(amount), orders: count(), largest: max(amount)}
  profile: {entity: user, source: profiles, history: all, features: [level]}
"""


def seeded(name: str) -> random.Random:
    """Says what it was drawn from: pytest shows it with a failure."""
    seed = os.environ.get("MILLRACE_SEED", "20250101")
    print(f"{name}: MILLRACE_SEED={seed}")
    return random.Random(f"{name} {seed}")


def time_of(row: int) -> str:
    return (NOW - datetime.timedelta(days=2, seconds=row % 7_000)).strftime("%FT%TZ")


def user_of(row: int) -> str:
    return USERS[row * row % 7 % 3]


def click(row: int) -> str:
    return json.dumps({"user_id": user_of(row), "amount": float(row), "event_time": time_of(row)})


def clicks(first: int, end: int) -> list[str]:
    return [click(row) for row in range(first, end)]


@dataclasses.dataclass
class Ended:
    code: int
    out: str
    err: str

    def problems(self) -> list[str]:
        """The codes of the problems on stderr, in order."""
        lines = [line for line in self.err.splitlines() if line.endswith("]") and "[" in line]
        return [line[line.rindex("[") + 1 : -1] for line in lines]

    def acknowledged(self) -> int:
        """The newest row that was said to be there, by --json; a line that was cut says nothing."""
        whole = [line for line in self.out.splitlines(keepends=True) if line.endswith("\n")]
        return json.loads(whole[-1])["last_row"] if whole else 0


class Shop:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    @classmethod
    def made(cls, folder: pathlib.Path, settings: str = "online: lmdb:./online\n", name: str = "shop") -> "Shop":
        shop = cls(folder)
        (folder / "features").mkdir(parents=True)
        (folder / "data").mkdir()
        (folder / "features/all.yaml").write_text(DEFINITIONS)
        (folder / "millrace.yaml").write_text(f"project: {name}\nregistry: sqlite:registry.db\n{settings}")
        shop.ok("apply", "--author", "ann")
        shop.write_orders(0, 0)
        shop.write_levels(0, {})
        return shop

    def copy(self, folder: pathlib.Path) -> "Shop":
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return Shop(folder)

    # Files. A source that has a path has a file.

    def write_orders(self, first: int, end: int) -> None:
        rows = [f"{user_of(row)},{row}.0,{time_of(row)}\n" for row in range(first, end)]
        name = f"orders-{first:06}-{end}.csv"
        (self.folder / "data" / name).write_text("user_id,amount,event_time\n" + "".join(rows))

    def write_levels(self, number: int, levels: dict[str, int]) -> None:
        rows = [f"{user},{level},{time_of(7_000 - number)}\n" for user, level in levels.items()]
        (self.folder / f"data/profiles-{number:03}.csv").write_text("user_id,level,event_time\n" + "".join(rows))

    # The binary.

    def start(self, *arguments, failpoints: str = "", **options) -> subprocess.Popen:
        return subprocess.Popen([BINARY, *arguments], cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True,
                                env=os.environ | {"MILLRACE_FAILPOINTS": failpoints}, **options)

    def run(self, *arguments, lines: list[str] | None = None, **options) -> Ended:
        process = self.start(*arguments, **options)
        out, err = process.communicate("".join(line + "\n" for line in lines or []), timeout=120)
        return Ended(process.returncode, out, err)

    def ok(self, *arguments, **options) -> Ended:
        ended = self.run(*arguments, **options)
        assert ended.code == 0, ended
        return ended

    def push_orders(self, first: int, end: int) -> None:
        self.ok("push", "orders", lines=clicks(first, end))

    def push(self, lines: list[str], *arguments, **options) -> Ended:
        return self.run("push", "clicks", "--json", *arguments, lines=lines, **options)

    # What is there.

    def ask(self, features: str) -> Ended:
        at = NOW.strftime("%FT%TZ")
        (self.folder / "keys.csv").write_text("user_id,as_of\n" + "".join(f"{user},{at}\n" for user in USERS))
        return self.run("get", "--features", features, "--keys", "keys.csv", "--json")

    def read(self, features: str = ASKED) -> dict[str, list]:
        """feature -> its value for each of USERS, all at one moment of the store."""
        return values_of(self.ask(features))

    def clicks_counted(self) -> int:
        """How many clicks the store has: checked to be the first so many, once each."""
        asked = self.ask(CLICKS)
        if asked.problems() in (["file_not_found"], ["not_ready"]):
            return 0
        there = values_of(asked)
        count = there["clicks"][0]
        expected = clicks_values(count)
        assert {name: there[name] for name in expected} == expected
        return count

    def trained_on(self, features: str = ASKED) -> dict[str, list]:
        """The same from files and logs, for training."""
        at = NOW.strftime("%FT%TZ")
        (self.folder / "spine.csv").write_text(
            "user_id,event_timestamp\n" + "".join(f"{user},{at}\n" for user in USERS))
        self.ok("training-set", "--spine", "spine.csv", "--features", features, "--out", "set.parquet")
        table = pq.read_table(self.folder / "set.parquet")
        return {name: table[name].to_pylist() for name in table.column_names[2:]}


def values_of(asked: Ended) -> dict[str, list]:
    assert asked.code == 0, asked
    answer = json.loads(asked.out)
    return {name: result["values"]
            for name, result in zip(answer["metadata"]["feature_names"], answer["results"], strict=True)}


def clicks_values(count: int) -> dict[str, list]:
    """What a store says that has the first `count` clicks and no others."""
    rows = {user: [row for row in range(1, count + 1) if user_of(row) == user] for user in USERS}
    return {"sum": [float(sum(rows[user])) if rows[user] else None for user in USERS],
            "count": [len(rows[user]) for user in USERS],
            "clicks": [count] * len(USERS)}


def orders_values(count: int) -> dict[str, list]:
    """The same of the orders below `count`."""
    rows = {user: [row for row in range(count) if user_of(row) == user] for user in USERS}
    of_one = {"order_sum": [float(sum(rows[user])) if rows[user] else None for user in USERS],
              "orders": [len(rows[user]) for user in USERS],
              "largest": [float(max(rows[user])) if rows[user] else None for user in USERS]}
    return {f"{name}_{window}": values for name, values in of_one.items() for window in ("7d", "30d")}


def killed(ended: Ended) -> bool:
    """Whether it was: the moment may have come after its end, which must have been a good one then."""
    assert ended.code in (0, -signal.SIGKILL), ended
    return ended.code != 0
