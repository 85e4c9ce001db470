"""The benchmark's data: seeded, made once, kept in the user's cache. Sizes are in the file names."""
import os
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

USERS = 100_000
ITEMS = 50_000
DAY_US = 86_400_000_000
BEGIN_US = 1_735_689_600_000_000  # 2025-01-01
DAYS = 180
BATCH_ROWS = 1_000_000
UTC_US = pa.timestamp("us", tz="UTC")


def folder() -> pathlib.Path:
    root = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    path = pathlib.Path(root) / "millrace" / "bench"
    path.mkdir(parents=True, exist_ok=True)
    return path


def zipf_users(random: np.random.Generator, rows: int) -> np.ndarray:
    """User numbers by a zipf law of exponent 1.1 over USERS users: the hottest has 13% of the rows."""
    weights = 1.0 / np.arange(1, USERS + 1) ** 1.1
    bounds = np.cumsum(weights / weights.sum())
    return np.minimum(np.searchsorted(bounds, random.random(rows)), USERS - 1)


def names(prefix: str, count: int) -> pa.Array:
    return pa.array([f"{prefix}{i:06d}" for i in range(count)])


def keep(name: str, batches) -> pathlib.Path:
    """Writes the tables that `batches` yields into one Parquet file, unless it is there."""
    path = folder() / name
    if not path.exists():
        beside = path.with_name(f".{name}.{os.getpid()}")
        writer = None
        for table in batches:
            writer = writer or pq.ParquetWriter(beside, table.schema, compression="snappy")
            writer.write_table(table, row_group_size=BATCH_ROWS)
        writer.close()
        beside.replace(path)
    return path


def events(rows: int, late: bool = False) -> pathlib.Path:
    """Purchases in the order of their times; with `late`, a column `created`: 1 s after the event, for 5% up to 2 days."""
    def batches():
        random = np.random.default_rng(20250101 + rows)
        user_names, item_names = names("u", USERS), names("i", ITEMS)
        step = DAYS * DAY_US / rows
        for first in range(0, rows, BATCH_ROWS):
            count = min(BATCH_ROWS, rows - first)
            times = BEGIN_US + ((np.arange(first, first + count) + random.random(count)) * step).astype(np.int64)
            columns = {
                "user_id": user_names.take(pa.array(zipf_users(random, count))),
                "item_id": item_names.take(pa.array(random.integers(0, ITEMS, count))),
                "amount": pa.array(np.round(random.lognormal(3.0, 1.0, count), 2)),
                "event_time": pa.array(times, UTC_US),
            }
            if late:
                delay = np.where(random.random(count) < 0.05, random.random(count) * 2 * DAY_US, 1_000_000)
                columns["created"] = pa.array(times + delay.astype(np.int64), UTC_US)
            yield pa.table(columns)

    return keep(f"events_{rows}{'_late' if late else ''}.parquet", batches())


def spine(rows: int) -> pathlib.Path:
    def batches():
        random = np.random.default_rng(42 + rows)
        user_names = names("u", USERS)
        times = BEGIN_US + random.integers(90 * DAY_US, DAYS * DAY_US, rows)
        yield pa.table({
            "user_id": user_names.take(pa.array(zipf_users(random, rows))),
            "event_timestamp": pa.array(times, UTC_US),
        })

    return keep(f"spine_{rows}.parquet", batches())


def profiles(rows: int) -> pathlib.Path:
    """Snapshot rows: ten float columns per user and moment, users uniform, in the order of their times."""
    def batches():
        random = np.random.default_rng(7 + rows)
        user_names = names("u", USERS)
        step = DAYS * DAY_US / rows
        for first in range(0, rows, BATCH_ROWS):
            count = min(BATCH_ROWS, rows - first)
            times = BEGIN_US + ((np.arange(first, first + count) + random.random(count)) * step).astype(np.int64)
            columns = {"user_id": user_names.take(pa.array(random.integers(0, USERS, count))),
                       "event_time": pa.array(times, UTC_US)}
            columns |= {f"f{i}": pa.array(random.random(count)) for i in range(10)}
            yield pa.table(columns)

    return keep(f"profiles_{rows}.parquet", batches())


def catalogue(rows: int, floats: int = 10) -> pathlib.Path:
    """Snapshot rows: float columns, a row for each of so many users, in no order."""
    def batches():
        random = np.random.default_rng(11 + rows)
        users = random.permutation(rows)
        for first in range(0, rows, BATCH_ROWS):
            count = min(BATCH_ROWS, rows - first)
            times = BEGIN_US + random.integers(0, DAYS * DAY_US, count)
            columns = {"user_id": pa.array([f"u{i:07d}" for i in users[first:first + count]]), "event_time": pa.array(times, UTC_US)}
            columns |= {f"f{i}": pa.array(random.random(count)) for i in range(floats)}
            yield pa.table(columns)

    return keep(f"catalogue_{rows}{'' if floats == 10 else f'_of_{floats}'}.parquet", batches())


def recent_events(users: int, each: int, end_us: int, path: pathlib.Path) -> None:
    """Purchases of the users u0000000 and on, `each` of every one, uniform over the 90 days before `end_us`, in the order of their times.
    Not kept: they are about now."""
    random = np.random.default_rng(5)
    rows = users * each
    times = end_us - np.sort(random.integers(1, 90 * DAY_US, rows))[::-1]
    pq.write_table(pa.table({
        "user_id": pa.array([f"u{i:07d}" for i in range(users)]).take(pa.array(random.permutation(np.repeat(np.arange(users), each)))),
        "item_id": names("i", ITEMS).take(pa.array(random.integers(0, ITEMS, rows))),
        "amount": pa.array(np.round(random.lognormal(3.0, 1.0, rows), 2)),
        "event_time": pa.array(times, UTC_US),
    }), path, row_group_size=BATCH_ROWS)
