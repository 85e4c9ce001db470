"""DuckDB's point-in-time join with a ttl of 7 days: `duckdb_asof.py PROFILES SPINE OUT THREADS`."""
import sys

import duckdb

profiles, spine, out, threads = sys.argv[1:5]
features = [f"f{i}" for i in range(10)]
con = duckdb.connect(config={"threads": int(threads)})
con.execute(f"""
copy (
  select {', '.join(f'case when b.event_time >= a.event_timestamp - interval 7 day then b.{f} end as {f}' for f in features)}
  from read_parquet('{spine}', file_row_number = true) as a
  asof left join read_parquet('{profiles}') as b
    on a.user_id = b.user_id and b.event_time <= a.event_timestamp
  order by a.file_row_number
) to '{out}' (format parquet)""")
