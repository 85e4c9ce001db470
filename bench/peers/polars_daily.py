"""Polars' daily group-by of the five aggregates: `polars_daily.py EVENTS OUT THREADS`. Rows by user and day."""
import os
import sys

events, out, threads = sys.argv[1:4]
os.environ["POLARS_MAX_THREADS"] = threads
import polars as pl  # noqa: E402  the thread count is read at import

(pl.scan_parquet(events)
 .group_by("user_id", pl.col("event_time").dt.truncate("1d").alias("day"))
 .agg(pl.len().alias("count_1d"), pl.col("amount").sum().alias("sum_1d"), pl.col("amount").mean().alias("avg_1d"),
      pl.col("amount").std().alias("std_1d"), pl.col("item_id").n_unique().alias("items_1d"))
 .with_columns((pl.col("day") + pl.duration(days=1)).alias("event_timestamp"))
 .drop("day")
 .sink_parquet(out, compression="snappy"))
