"""Makes this example's data: purchases.parquet from the CDNOW master file, and a spine to train on.

The master file (69,659 transactions of 23,570 customers, by Fader and Hardie) is taken from the wheel of
the PyPI package Lifetimes (MIT licence), pinned and checked; the download is kept in the user's cache.
"""
import datetime
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq

PACKAGE = "Lifetimes==0.11.3"
MEMBER = "lifetimes/datasets/CDNOW_master.txt"
SHA256 = "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef"
STEPS = [datetime.date(1997 + month // 12, month % 12 + 1, 1) for month in range(3, 18)]

HERE = pathlib.Path(__file__).resolve().parent


def cache_folder() -> pathlib.Path:
    root = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(root) / "millrace" / "cdnow"


def check(content: bytes) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise SystemExit(f"prepare: the CDNOW master file has SHA-256 {found}, expected {SHA256}")
    return content


def master_file() -> bytes:
    kept = cache_folder() / "CDNOW_master.txt"
    if kept.exists():
        return check(kept.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
             "--no-deps", "--only-binary", ":all:", "--dest", folder, PACKAGE],
            check=True)
        wheel = next(pathlib.Path(folder).glob("*.whl"))
        content = check(zipfile.ZipFile(wheel).read(MEMBER))
    kept.parent.mkdir(parents=True, exist_ok=True)
    beside = kept.with_suffix(f".{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(kept)
    return content


def purchases(content: bytes) -> pa.Table:
    rows = [line.split() for line in content.decode("ascii").splitlines()[1:] if line.strip()]
    times = [datetime.datetime.strptime(row[1], "%Y%m%d") for row in rows]
    return pa.table({
        "customer_id": pa.array([row[0] for row in rows], pa.string()),
        "event_time": pa.array(times, pa.timestamp("us", tz="UTC")),
        "quantity": pa.array([int(row[2]) for row in rows], pa.int64()),
        "amount": pa.array([float(row[3]) for row in rows], pa.float64()),
    })


def spine(table: pa.Table) -> pa.Table:
    """Every customer who has bought before, on the first day of every month from April 1997."""
    first = {}
    for customer, time in zip(table["customer_id"].to_pylist(), table["event_time"].to_pylist()):
        first[customer] = min(time, first.get(customer, time))
    rows = []
    for step in STEPS:
        moment = datetime.datetime.combine(step, datetime.time(), datetime.timezone.utc)
        rows += [(customer, moment) for customer in sorted(first) if first[customer] < moment]
    return pa.table({
        "customer_id": pa.array([row[0] for row in rows], pa.string()),
        "event_timestamp": pa.array([row[1] for row in rows], pa.timestamp("us", tz="UTC")),
    })


def write(table: pa.Table, name: str) -> None:
    path = HERE / "data" / name
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(f".{name}.{os.getpid()}")
    pq.write_table(table, beside, compression="snappy", row_group_size=100_000)
    beside.replace(path)
    print(f"  {path.relative_to(HERE)}: {table.num_rows:,} rows")


def main() -> None:
    names = ["purchases.parquet", "spine.parquet"]
    if all((HERE / "data" / name).exists() for name in names):
        print("  data/ is there already")
        return
    table = purchases(master_file())
    write(table, names[0])
    write(spine(table), names[1])


if __name__ == "__main__":
    main()
