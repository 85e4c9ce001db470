"""The best SQL for count, sum, avg and stddev: running sums per user, and one ASOF join per window edge.
`duckdb_running_sums.py EVENTS SPINE OUT THREADS`."""
import sys

import duckdb

events, spine, out, threads = sys.argv[1:5]
con = duckdb.connect(config={"threads": int(threads)})
con.execute(f"""
create temp table runs as
  select user_id, event_time as t, max(n) as n, max_by(s, n) as s, max_by(q, n) as q from (
    select user_id, event_time, count(*) over w as n, sum(amount) over w as s, sum(amount * amount) over w as q
    from read_parquet('{events}')
    window w as (partition by user_id order by event_time rows unbounded preceding))
  group by user_id, event_time""")
con.execute(f"""
create temp table questions as
  select file_row_number as question, user_id, event_timestamp as t
  from read_parquet('{spine}', file_row_number = true)""")
edges = {"now": "interval 0 day"} | {f"{d}": f"interval {d} day" for d in (1, 7, 30, 90)}
for name, back in edges.items():
    con.execute(f"""
create temp table edge_{name} as
  select question, coalesce(n, 0) as n, coalesce(s, 0) as s, coalesce(q, 0) as q
  from (select question, user_id, t - {back} as t from questions) as a
  asof left join runs as b on a.user_id = b.user_id and b.t < a.t""")
columns, joins = [], ""
for d in (1, 7, 30, 90):
    n, s, q = (f"(edge_now.{c} - edge_{d}.{c})" for c in "nsq")
    columns += [f"{n} as count_{d}d", f"case when {n} > 0 then {s} end as sum_{d}d",
                f"case when {n} > 0 then {s} / {n} end as avg_{d}d",
                f"case when {n} > 1 then sqrt(greatest({q} - {s} * {s} / {n}, 0) / ({n} - 1)) end as std_{d}d"]
    joins += f" join edge_{d} using (question)"
con.execute(f"copy (select {', '.join(columns)} from edge_now{joins} order by question) to '{out}' (format parquet)")
