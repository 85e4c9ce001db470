"""What is measured: for each scenario what Millrace is asked, the peers that are asked the same, and the targets."""
import collections.abc
import dataclasses
import pathlib

import data
import process

DAYS = [1, 7, 30, 90]
ENTITY = "entities:\n  user: {keys: {user_id: string}}\n"
MOMENTS = "count: count(), sum: sum(amount), avg: avg(amount), std: stddev(amount)"
FIVE = MOMENTS + ", items: nunique(item_id)"
READING = "reading alone (pyarrow)"


@dataclasses.dataclass
class Ours:
    """A training set by Millrace."""
    name: str
    definitions: str
    spine: pathlib.Path | None
    options: list[str]
    one_core: bool = False


@dataclasses.dataclass
class Peer:
    name: str
    script: str
    inputs: list[pathlib.Path]
    rounds: int | None = None  # where it is too slow for as many as asked for
    floors: dict[str, float] = dataclasses.field(default_factory=dict)  # agree.check: where its own arithmetic cancels
    order_by: list[str] = dataclasses.field(default_factory=list)  # agree.check: where its rows are in another order


@dataclasses.dataclass
class Target:
    text: str
    value: collections.abc.Callable[[dict[str, process.Figures]], float]
    bound: float
    at_least: bool = False
    unit: str = ""

    def met(self, figures: dict[str, process.Figures]) -> bool:
        value = self.value(figures)
        return value >= self.bound if self.at_least else value <= self.bound


@dataclasses.dataclass
class Scenario:
    """Peers are compared with the first of ours, and so are all rows of the table."""
    about: str
    ours: list[Ours]
    peers: list[Peer] = dataclasses.field(default_factory=list)
    reading: list[tuple[pathlib.Path, str]] = dataclasses.field(default_factory=list)
    targets: list[Target] = dataclasses.field(default_factory=list)


def ratio(one: str, other: str) -> collections.abc.Callable[[dict[str, process.Figures]], float]:
    return lambda figures: figures[one].wall_s / figures[other].wall_s


def spend(events: pathlib.Path, features: str, created: bool = False, days: list[int] = DAYS) -> str:
    times = "timestamp: event_time" + (", created: created" if created else "")
    return (ENTITY + f"sources:\n  events: {{path: {events}, {times}}}\n"
            f"views:\n  spend:\n    entity: user\n    source: events\n    windows: [{', '.join(f'{d}d' for d in days)}]\n"
            f"    features: {{{features}}}\n")


def five_windows(name: str, events: int, spine: int, options: list[str] | None = None, one_core: bool = False) -> Ours:
    return Ours(name, spend(data.events(events), FIVE), data.spine(spine),
                ["--features", "spend:*", *(options or [])], one_core)


def sizes(events: int, spine: int) -> str:
    return f"{spine:,} spine rows, {events:,} events"


def window_forms(events: int, spine: int, rounds: int | None = None, polars: bool = True) -> Scenario:
    inputs = [data.events(events), data.spine(spine)]
    peers = [Peer("DuckDB window functions", "duckdb_windows.py", inputs, rounds)]
    if polars:
        peers.append(Peer("Polars rolling groups", "polars_windows.py", inputs, rounds=1))
    return Scenario(
        "count, sum, avg, stddev, nunique over 1, 7, 30, 90 days; " + sizes(events, spine),
        [five_windows("Millrace", events, spine)], peers, [],
        [Target(f"at most 1/40 of the time of {peer.name}", ratio("Millrace", peer.name), 1 / 40) for peer in peers])


def windows(events: int, spine: int) -> Scenario:
    return Scenario(
        "count, sum, avg, stddev, nunique over 1, 7, 30, 90 days; " + sizes(events, spine),
        [five_windows("Millrace", events, spine)], [],
        [(data.events(events), "user_id,item_id,amount,event_time"), (data.spine(spine), "user_id,event_timestamp")],
        [Target("at most 5 times reading", ratio("Millrace", READING), 5)])


def moments(events: int, spine: int) -> Scenario:
    inputs, peer = [data.events(events), data.spine(spine)], "DuckDB running sums"
    return Scenario(
        "count, sum, avg, stddev over 1, 7, 30, 90 days; " + sizes(events, spine),
        [Ours("Millrace", spend(inputs[0], MOMENTS), inputs[1], ["--features", "spend:*"])],
        [Peer(peer, "duckdb_running_sums.py", inputs, floors={"sum": 1e3, "avg": 1e3, "std": 1e4})],
        [(inputs[0], "user_id,amount,event_time"), (inputs[1], "user_id,event_timestamp")],
        [Target(f"at most 1/8 of the time of {peer}", ratio("Millrace", peer), 1 / 8)])


def late(events: int, spine: int) -> Scenario:
    with_created = spend(data.events(events, late=True), FIVE, created=True)
    return Scenario(
        f"as windows_{events}, with knowledge time and 5% late events; beside it the same without",
        [Ours("with created", with_created, data.spine(spine), ["--features", "spend:*"]),
         five_windows("without", events, spine)],
        targets=[Target("with created and 5% late events at most 2 times without", ratio("with created", "without"), 2)])


def snapshot(rows: int, spine: int) -> Scenario:
    inputs = [data.profiles(rows), data.spine(spine)]
    features = [f"f{i}" for i in range(10)]
    peers = [Peer("DuckDB ASOF join", "duckdb_asof.py", inputs), Peer("Polars join_asof", "polars_asof.py", inputs)]
    return Scenario(
        f"newest row within 7 days, 10 float columns; {spine:,} spine rows, {rows:,} rows",
        [Ours("Millrace", ENTITY + f"sources:\n  profiles: {{path: {inputs[0]}, timestamp: event_time}}\n"
              f"views:\n  profile: {{entity: user, source: profiles, ttl: 7d, features: [{', '.join(features)}]}}\n",
              inputs[1], ["--features", "profile:*"])],
        peers, [(inputs[0], ",".join(["user_id", "event_time", *features])), (inputs[1], "user_id,event_timestamp")],
        [Target("no slower than the faster of DuckDB and Polars (aim: 0.7)",
                lambda figures: figures["Millrace"].wall_s / min(figures[peer.name].wall_s for peer in peers), 1)])


def per_event(large: str, small: str, times: int) -> collections.abc.Callable[[dict[str, process.Figures]], float]:
    return lambda figures: figures[large].wall_s / times / figures[small].wall_s


def ten_times(events: int, spine: int, memory: str) -> Scenario:
    """Millrace alone, at a size and at ten times that."""
    large, small = f"{10 * events:,} events", f"{events:,} events"
    return Scenario(
        f"as windows_{events} with --memory {memory}; {sizes(10 * events, 10 * spine)}, and a tenth of both",
        [five_windows(large, 10 * events, 10 * spine, ["--memory", memory]),
         five_windows(small, events, spine, ["--memory", memory])])


def memory(events: int, spine: int) -> Scenario:
    scenario = ten_times(events, spine, "2GiB")
    large, small = (ours.name for ours in scenario.ours)
    scenario.targets = [
        Target("peak memory with --memory 2GiB under 2.5 GiB", lambda figures: figures[large].peak_bytes / 2**30, 2.5, unit=" GiB"),
        Target(f"with --memory 2GiB, time per event at most 1.5 times that of {small}", per_event(large, small, 10), 1.5)]
    return scenario


def linear(events: int, spine: int) -> Scenario:
    scenario = ten_times(events, spine, "16GiB")
    large, small = (ours.name for ours in scenario.ours)
    scenario.targets = [Target(f"without spilling, time per event at most 1.2 times that of {small}", per_event(large, small, 10), 1.2)]
    return scenario


def threads(events: int, spine: int) -> Scenario:
    return Scenario(
        f"as windows_{events}, on all cores and pinned to one; {sizes(events, spine)}",
        [five_windows("all cores", events, spine), five_windows("one core", events, spine, one_core=True)],
        targets=[Target("a second core gives at least 1.6 times", ratio("one core", "all cores"), 1.6, at_least=True)])


def daily(events: int) -> Scenario:
    """Polars says the day of the events, we the midnight after: the peer's script adds the day."""
    steps = ["--every", "1d", "--from", "2025-01-02T00:00:00Z", "--to", "2025-07-01T00:00:00Z"]
    peer = "Polars group_by"
    return Scenario(
        f"count, sum, avg, stddev, nunique by user and day; {events:,} events",
        [Ours("Millrace", spend(data.events(events), FIVE, days=[1]), None, ["--features", "spend:*", *steps])],
        [Peer(peer, "polars_daily.py", [data.events(events)], order_by=["user_id", "event_timestamp"])],
        [(data.events(events), "user_id,item_id,amount,event_time")],
        [Target("no slower than Polars", ratio("Millrace", peer), 1)])


# What `./dev bench --quick` takes a minute for, and the sizes that the figures in RESULTS.md are of. window_forms is for the
# peers' window form. Its time grows faster than the rows: the last size is for DuckDB, the one before for Polars, whose count of
# distinct items in a window takes time by the square of a user's rows.
QUICK = {
    "snapshot_500000": lambda: snapshot(500_000, 100_000),
    "window_forms_100000": lambda: window_forms(100_000, 10_000),
    "windows_1000000": lambda: windows(1_000_000, 100_000),
    "moments_1000000": lambda: moments(1_000_000, 100_000),
    "late_1000000": lambda: late(1_000_000, 100_000),
    "memory_1000000": lambda: memory(100_000, 5_000),
    "threads_1000000": lambda: threads(1_000_000, 100_000),
    "daily_1000000": lambda: daily(1_000_000),
}
FULL = {
    "snapshot_5000000": lambda: snapshot(5_000_000, 1_000_000),
    "window_forms_500000": lambda: window_forms(500_000, 50_000),
    "window_forms_10000000": lambda: window_forms(10_000_000, 1_000_000, rounds=1, polars=False),
    "windows_10000000": lambda: windows(10_000_000, 1_000_000),
    "moments_10000000": lambda: moments(10_000_000, 1_000_000),
    "late_10000000": lambda: late(10_000_000, 1_000_000),
    "daily_10000000": lambda: daily(10_000_000),
    "threads_10000000": lambda: threads(10_000_000, 1_000_000),
    "linear_100000000": lambda: linear(10_000_000, 500_000),
    "memory_100000000": lambda: memory(10_000_000, 500_000),
}
