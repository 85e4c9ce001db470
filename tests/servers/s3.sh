#!/usr/bin/env bash
# A local S3 server (moto) for tests.
#   tests/servers/s3.sh start DIR   starts it on a free loopback port, waits until it answers and prints
#                                   AWS_ENDPOINT_URL=…; DIR holds its log and its process id
#   tests/servers/s3.sh stop DIR    stops it
# MILLRACE_PYTHON is the Python that has moto[server] (./dev setup); default: the project's own.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
python=${MILLRACE_PYTHON:-$root/.venv/bin/python}
moto='moto[server]==5.2.5'

die() {
  echo "s3.sh: $*" >&2
  exit 1
}

free_port() {
  "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

answers() {
  "$python" - "$1" <<'PYTHON' 2>/dev/null
import sys, urllib.request
urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/moto-api/", timeout=1).read()
PYTHON
}

start() {
  local dir=$1 port pid
  mkdir -p "$dir"
  "$python" -c 'import moto.server' 2>/dev/null || "$python" -m pip install -q "$moto" >&2 ||
    die "$python has no $moto: run ./dev setup"
  for _ in 1 2 3; do
    port=$(free_port)
    "$python" -m moto.server -H 127.0.0.1 -p "$port" >"$dir/s3.log" 2>&1 </dev/null &
    pid=$!
    echo "$pid" >"$dir/s3.pid"
    for _ in $(seq 300); do
      if answers "$port"; then
        echo "AWS_ENDPOINT_URL=http://127.0.0.1:$port"
        return
      fi
      kill -0 "$pid" 2>/dev/null || break # the port was taken meanwhile
      sleep 0.1
    done
    kill "$pid" 2>/dev/null || true
  done
  cat "$dir/s3.log" >&2
  die "no answer from the server"
}

stop() {
  local pid
  [[ -f $1/s3.pid ]] || return 0
  pid=$(<"$1/s3.pid")
  kill "$pid" 2>/dev/null || true
  for _ in $(seq 50); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null || true
  rm -f "$1/s3.pid"
}

[[ $# -eq 2 ]] || die "usage: s3.sh start|stop DIR"
case $1 in
  start) start "$2" ;;
  stop) stop "$2" ;;
  *) die "usage: s3.sh start|stop DIR" ;;
esac
