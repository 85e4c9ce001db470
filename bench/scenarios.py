"""What is measured: for each scenario a repository for us, a command for every peer, and the columns both must agree on."""
import dataclasses
import pathlib

import data

WINDOWS = "[1d, 7d, 30d, 90d]"
EVENTS_SOURCE = "sources:\n  events: {{path: {path}, timestamp: event_time{created}}}\n"
ENTITY = "entities:\n  user: {keys: {user_id: string}}\n"
MOMENTS = "count: count(), sum: sum(amount), avg: avg(amount), std: stddev(amount)"


@dataclasses.dataclass
class Peer:
    name: str
    script: str
    inputs: list[pathlib.Path]
    extra: list[str] = dataclasses.field(default_factory=list)
    agrees: bool = True  # its output is compared with ours
    floor: float = 1.0  # agree.check: above 1 where the peer's own arithmetic cancels


@dataclasses.dataclass
class Scenario:
    name: str
    about: str
    definitions: str
    spine: pathlib.Path | None
    options: list[str]
    peers: list[Peer]
    reading: list[tuple[pathlib.Path, str]] = dataclasses.field(default_factory=list)


def windowed(events: pathlib.Path, features: str, windows: str = WINDOWS, created: bool = False) -> str:
    source = EVENTS_SOURCE.format(path=events, created=", created: created" if created else "")
    return (ENTITY + source + f"views:\n  spend:\n    entity: user\n    source: events\n    windows: {windows}\n"
            f"    features: {{{features}}}\n")


def windows(event_rows: int, spine_rows: int) -> Scenario:
    events, spine = data.events(event_rows), data.spine(spine_rows)
    return Scenario(
        f"windows_{event_rows}", f"count, sum, avg, stddev, nunique over 1, 7, 30, 90 days; "
        f"{spine_rows:,} spine rows, {event_rows:,} events",
        windowed(events, MOMENTS + ", items: nunique(item_id)"), spine, ["--features", "spend:*"],
        [Peer("DuckDB window functions", "duckdb_windows.py", [events, spine], ["nunique"])]
        if event_rows <= 1_000_000 else [],
        [(events, "user_id,item_id,amount,event_time"), (spine, "user_id,event_timestamp")])


def moments(event_rows: int, spine_rows: int) -> Scenario:
    events, spine = data.events(event_rows), data.spine(spine_rows)
    return Scenario(
        f"moments_{event_rows}", f"count, sum, avg, stddev over 1, 7, 30, 90 days; "
        f"{spine_rows:,} spine rows, {event_rows:,} events",
        windowed(events, MOMENTS), spine, ["--features", "spend:*"],
        [Peer("DuckDB running sums and ASOF joins", "duckdb_running_sums.py", [events, spine], floor=1e4)],
        [(events, "user_id,amount,event_time"), (spine, "user_id,event_timestamp")])


def late(event_rows: int, spine_rows: int) -> Scenario:
    events, spine = data.events(event_rows, late=True), data.spine(spine_rows)
    return Scenario(
        f"late_{event_rows}", f"as windows_{event_rows}, with knowledge time and 5% late events",
        windowed(events, MOMENTS + ", items: nunique(item_id)", created=True), spine,
        ["--features", "spend:*"], [],
        [(events, "user_id,item_id,amount,event_time,created"), (spine, "user_id,event_timestamp")])


def snapshot(profile_rows: int, spine_rows: int) -> Scenario:
    profiles, spine = data.profiles(profile_rows), data.spine(spine_rows)
    features = ", ".join(f"f{i}" for i in range(10))
    return Scenario(
        f"snapshot_{profile_rows}", f"newest row within 7 days, 10 float columns; {spine_rows:,} spine rows, "
        f"{profile_rows:,} rows",
        ENTITY + f"sources:\n  profiles: {{path: {profiles}, timestamp: event_time}}\n"
        f"views:\n  profile: {{entity: user, source: profiles, ttl: 7d, features: [{features}]}}\n",
        spine, ["--features", "profile:*"],
        [Peer("DuckDB ASOF join", "duckdb_asof.py", [profiles, spine]),
         Peer("Polars join_asof", "polars_asof.py", [profiles, spine])],
        [(profiles, "user_id,event_time," + features.replace(" ", "")), (spine, "user_id,event_timestamp")])


def daily(event_rows: int) -> Scenario:
    events = data.events(event_rows)
    days = ["--every", "1d", "--from", "2025-01-02T00:00:00Z", "--to", "2025-07-01T00:00:00Z"]
    return Scenario(
        f"daily_{event_rows}", f"count, sum, avg, stddev, nunique by user and day; {event_rows:,} events",
        windowed(events, MOMENTS + ", items: nunique(item_id)", "[1d]"), None, ["--features", "spend:*", *days],
        [Peer("Polars group_by", "polars_daily.py", [events], agrees=False)],
        [(events, "user_id,item_id,amount,event_time")])


# What `./dev bench --quick` takes a minute for, and the sizes that the figures in RESULTS.md are of.
QUICK = [lambda: windows(1_000_000, 100_000), lambda: moments(1_000_000, 100_000),
         lambda: snapshot(500_000, 100_000), lambda: daily(1_000_000)]
FULL = [lambda: windows(1_000_000, 100_000), lambda: windows(10_000_000, 1_000_000),
        lambda: moments(10_000_000, 1_000_000), lambda: late(10_000_000, 1_000_000),
        lambda: snapshot(5_000_000, 1_000_000), lambda: daily(10_000_000)]
