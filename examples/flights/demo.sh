#!/usr/bin/env bash
# Training sets with knowledge time on 336,776 real flights, what a leak would have done, and the same values online.
# Called by `./dev demo` with MILLRACE (the binary) and PYTHON (the project's venv) set; run again at will.
set -euo pipefail
cd "$(dirname "$0")"
millrace=${MILLRACE:-../../build/bin/millrace}
python=${PYTHON:-../../.venv/bin/python}

. ../serve.sh

step() { printf '\n%s\n' "$*"; }
training_set() {
  "$millrace" training-set --spine data/spine.parquet --service lateness --full-names --labels late_15 "$@"
}

step "1. The data: every departure from New York in 2013, hourly weather, airports"
"$python" prepare.py

step "2. The definitions"
"$millrace" apply

step "3. The training set: what was known two hours before each departure"
mkdir -p out
training_set --out out/training.parquet

step "4. Is it what it says? Its proof, its files, and the cells of some keys once more, by a plain loop"
"$millrace" training-set --verify out/training.parquet

step "5. The same, ignoring when rows could be known: what a leak looks like"
training_set --ignore-created --out out/leaked.parquet

step "6. Three models"
"$python" train.py out/training.parquet out/leaked.parquet

step "7. The same features online: what the files have that the store has not"
"$millrace" materialize

step "8. Ten rows of the training set, asked of the store two hours before each departure"
"$python" ../ask_again.py pick out/training.parquet out/again carrier,origin,dest,tailnum,hour,distance flight_id,late_15
"$millrace" get --service lateness --full-names --keys out/again/keys.parquet --out out/again/online.parquet
"$python" ../ask_again.py compare out/again origin,dest,tailnum,route_delays__delay_28d

step "9. The same ten rows over HTTP, and the server's metrics"
start_server
"$python" ../ask_again.py post "$server_url" out/again lateness full
"$python" ../ask_again.py compare out/again origin,dest,tailnum,route_delays__delay_28d
"$python" ../metrics.py "$server_url" 12
stop_server
