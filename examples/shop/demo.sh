#!/usr/bin/env bash
# The main job on real data: CDNOW purchases -> a point-in-time-correct training set, and the same values online.
# Called by `./dev demo` with MILLRACE (the binary) and PYTHON (the project's venv) set; run again at will.
set -euo pipefail
cd "$(dirname "$0")"
millrace=${MILLRACE:-../../build/bin/millrace}
python=${PYTHON:-../../.venv/bin/python}
out=out/training.parquet

. ../serve.sh

step() { printf '\n%s\n' "$*"; }

step "1. The data: CDNOW purchases of 1997 and 1998"
"$python" prepare.py

step "2. The definitions"
"$millrace" apply

step "3. The training set: every customer on the first of each month, as it was known on that day"
mkdir -p out
"$millrace" training-set --spine data/spine.parquet --service reorder --labels buys_again_30d \
  --out "$out"

step "4. Some of its rows"
"$python" show.py "$out" 6 \
  customer_id,event_timestamp,count_90d,sum_90d,avg_90d,std_90d,trend_7d_30d,days_since_last,buys_again_30d

step "5. One value, explained"
"$millrace" explain --feature spend:sum_90d --key customer_id=00003 --at 1997-12-01T00:00:00Z

step "6. The same features online: what the files have that the store has not"
"$millrace" materialize

step "7. Ten rows of the training set, asked of the store at their times"
"$python" ../ask_again.py pick "$out" out/again customer_id buys_again_30d
"$millrace" get --service reorder --keys out/again/keys.parquet --out out/again/online.parquet
"$python" ../ask_again.py compare out/again customer_id,sum_90d,std_30d

step "8. The same ten rows over HTTP, and the server's metrics"
start_server
"$python" ../ask_again.py post "$server_url" out/again reorder
"$python" ../ask_again.py compare out/again customer_id,sum_90d,std_30d
"$python" ../metrics.py "$server_url" 12
stop_server

step "9. A purchase that happens now, in a copy of this project: the training set stays what it is"
rm -rf out/live && mkdir -p out/live
cp -r millrace.yaml features data registry.db online out/live
[ ! -d lake ] || cp -r lake out/live
asked=(get --features spend:count_7d,spend:sum_7d,recency:days_since_last --key customer_id=00003)
live() { "$millrace" --project out/live "$@"; }
live "${asked[@]}"
echo "  … and customer 00003 buys for 19.99:"
printf '{"customer_id": "00003", "event_time": "%s", "quantity": 1, "amount": 19.99}\n' "$(date -u +%FT%TZ)" |
  live push purchases
live "${asked[@]}"

cat <<NEXT

What to do next
  look around     build/bin/millrace --project examples/shop list
  one customer    build/bin/millrace --project examples/shop get --service reorder --key customer_id=00003 --at 1997-12-01
  another label   edit examples/shop/features/spend.yaml, then plan, apply and training-set again
  your own data   build/bin/millrace init my_features
NEXT
