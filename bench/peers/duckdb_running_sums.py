"""The best SQL for count, sum, avg and stddev: running sums per user, and an ASOF join for the edges of all windows.
`duckdb_running_sums.py EVENTS SPINE OUT THREADS`."""
import sys

import duckdb

events, spine, out, threads = sys.argv[1:5]
DAYS = (1, 7, 30, 90)
con = duckdb.connect(config={"threads": int(threads)})
# A range frame: rows of one time have the same sums, whichever of them the join finds.
con.execute(f"""
create temp view runs as
  select user_id, event_time as t, count(amount) over w as n, sum(amount) over w as s, sum(amount * amount) over w as q
  from read_parquet('{events}')
  window w as (partition by user_id order by event_time range unbounded preceding)""")
con.execute(f"""
create temp table edges as
  select question, days, coalesce(n, 0) as n, coalesce(s, 0) as s, coalesce(q, 0) as q
  from (
    select file_row_number as question, user_id, days, event_timestamp - to_days(days) as t
    from read_parquet('{spine}', file_row_number = true), (select unnest({[0, *DAYS]})::int as days)
  ) as a
  asof left join runs as b on a.user_id = b.user_id and b.t < a.t""")
pivoted = ", ".join(f"max({c}) filter (days = {d}) as {c}{d}" for c in "nsq" for d in (0, *DAYS))
columns = []
for d in DAYS:
    n, s, q = (f"({c}0 - {c}{d})" for c in "nsq")
    columns += [f"{n} as count_{d}d", f"case when {n} > 0 then {s} end as sum_{d}d",
                f"case when {n} > 0 then {s} / {n} end as avg_{d}d",
                f"case when {n} > 1 then sqrt(greatest({q} - {s} * {s} / {n}, 0) / ({n} - 1)) end as std_{d}d"]
con.execute(f"""
copy (
  select {', '.join(columns)} from (select question, {pivoted} from edges group by question) order by question
) to '{out}' (format parquet)""")
