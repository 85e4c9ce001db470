"""DuckDB's window form: windowed aggregates at the spine's rows, by window functions over events and spine together.
`duckdb_windows.py EVENTS SPINE OUT THREADS`."""
import sys

import duckdb

events, spine, out, threads = sys.argv[1:5]
columns = []
for days in (1, 7, 30, 90):
    frame = (f"over (partition by user_id order by t range between interval {days} day preceding "
             "and interval 1 microsecond preceding)")
    columns += [f"count(amount) {frame} as count_{days}d", f"sum(amount) {frame} as sum_{days}d",
                f"avg(amount) {frame} as avg_{days}d", f"stddev_samp(amount) {frame} as std_{days}d",
                f"count(distinct item_id) {frame} as items_{days}d"]
con = duckdb.connect(config={"threads": int(threads)})
con.execute(f"""
copy (
  select * exclude (user_id, t, amount, item_id, question) from (
    select *, {', '.join(columns)} from (
      select user_id, event_time as t, amount, item_id, null::bigint as question from read_parquet('{events}')
      union all
      select user_id, event_timestamp, null, null, file_row_number from read_parquet('{spine}', file_row_number = true)
    )
  ) where question is not null order by question
) to '{out}' (format parquet)""")
