"""Polars' window form: windowed aggregates at the spine's rows, by rolling groups over events and spine together.
`polars_windows.py EVENTS SPINE OUT THREADS`."""
import os
import sys

events, spine, out, threads = sys.argv[1:5]
os.environ["POLARS_MAX_THREADS"] = threads
import polars as pl  # noqa: E402  the thread count is read at import

facts = pl.read_parquet(events).rename({"event_time": "t"})
questions = pl.read_parquet(spine).with_row_index("question").rename({"event_timestamp": "t"})
codes = [pl.col(name).cast(pl.Categorical).to_physical() for name in ("user_id", "item_id")]
rows = pl.concat([facts, questions], how="diagonal").with_columns(codes).sort("user_id", "t")
amount, item = pl.col("amount"), pl.col("item_id")
answers = rows.select("question")
for days in (1, 7, 30, 90):
    # Rows of one user and time have the same answers, so sorting brings them back to their rows.
    found = rows.rolling("t", period=f"{days}d", closed="left", group_by="user_id").agg(
        amount.count().alias("count"), amount.sum().alias("sum"), amount.mean().alias("avg"), amount.std().alias("std"),
        (item.n_unique() - (item.null_count() > 0)).alias("items")).sort("user_id", "t")
    found = found.with_columns(pl.when(pl.col("count") > 0).then("sum").alias("sum"))
    answers = answers.hstack(found.drop("user_id", "t").rename(lambda name: f"{name}_{days}d"))
answers.filter(pl.col("question").is_not_null()).sort("question").drop("question").write_parquet(out, compression="snappy")
