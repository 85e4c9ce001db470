"""Polars' point-in-time join with a ttl of 7 days: `polars_asof.py PROFILES SPINE OUT THREADS`."""
import os
import sys

profiles, spine, out, threads = sys.argv[1:5]
os.environ["POLARS_MAX_THREADS"] = threads
import polars as pl  # noqa: E402  the thread count is read at import

user = pl.col("user_id").cast(pl.Categorical)
rows = pl.read_parquet(profiles).with_columns(user)
rows = rows.set_sorted("event_time") if rows["event_time"].is_sorted() else rows.sort("event_time")
questions = pl.read_parquet(spine).with_columns(user).with_row_index("question").sort("event_timestamp")
joined = questions.join_asof(rows, left_on="event_timestamp", right_on="event_time", by="user_id",
                             strategy="backward", tolerance="7d", check_sortedness=False)
joined.sort("question").drop("question", "user_id", "event_timestamp", "event_time", strict=False).write_parquet(
    out, compression="snappy")
