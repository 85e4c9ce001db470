#!/usr/bin/env bash
# A local Redis server for tests: no persistence, a free loopback port, TLS and a unix socket.
#   tests/servers/redis.sh start DIR [OWNER]   starts it, waits until it answers and prints
#                                   MILLRACE_REDIS_URL=…, MILLRACE_REDIS_TLS_URL=… and
#                                   MILLRACE_REDIS_UNIX_URL=…; DIR holds its log, process id, socket and
#                                   certificates. Started again in the same DIR it has the same URLs.
#                                   It ends with the process OWNER, if there is one.
#   tests/servers/redis.sh stop DIR kills it: it has nothing to keep
#   tests/servers/redis.sh freeze|thaw DIR   leaves it there without answers; lets it go on
# MILLRACE_REDIS_PASSWORD, when set, is asked of clients.
set -euo pipefail

password=${MILLRACE_REDIS_PASSWORD:-}

die() {
  echo "redis.sh: $*" >&2
  exit 1
}

# Apart from the range that the system gives to clients; one that is taken is found out by the start.
random_port() {
  echo $((10000 + (RANDOM * 32768 + RANDOM) % 20000))
}

certificates() {
  local dir=$1
  [[ -f $dir/server.pem ]] && return
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext "subjectAltName=DNS:localhost" \
    -keyout "$dir/server.key" -out "$dir/server.pem" 2>/dev/null || die "openssl made no certificate"
}

runs() { # what has ended but was not yet waited for does not run
  [[ -r /proc/$1/stat && $(<"/proc/$1/stat") != *') Z '* ]]
}

end_with() {
  while runs "$1" && runs "$2"; do sleep 0.5; done
  kill -9 "$2" 2>/dev/null
}

ping_server() {
  REDISCLI_AUTH=$password redis-cli -s "$1/redis.sock" --no-auth-warning ping 2>/dev/null
}

start() {
  local dir=$1 owner=$2 port tls pid
  command -v redis-server >/dev/null || die "no redis-server: run ./dev setup"
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  certificates "$dir"
  for _ in 1 2 3 4 5; do
    if [[ -f $dir/redis.ports ]]; then
      read -r port tls <"$dir/redis.ports"
    else
      port=$(random_port)
      tls=$(random_port)
    fi
    rm -f "$dir/redis.sock"
    redis-server --bind 127.0.0.1 --port "$port" --unixsocket "$dir/redis.sock" --tls-port "$tls" \
      --tls-cert-file "$dir/server.pem" --tls-key-file "$dir/server.key" --tls-auth-clients no \
      --tls-ca-cert-file "$dir/server.pem" --save '' --appendonly no --dir "$dir" \
      --requirepass "$password" >"$dir/redis.log" 2>&1 </dev/null &
    pid=$!
    echo "$pid" >"$dir/redis.pid"
    for _ in $(seq 500); do
      if [[ $(ping_server "$dir") == PONG ]]; then
        echo "$port $tls" >"$dir/redis.ports"
        if [[ -n $owner ]]; then
          end_with "$owner" "$pid" >/dev/null 2>&1 </dev/null &
        fi
        local user=${password:+:$password@}
        echo "MILLRACE_REDIS_URL=redis://${user}127.0.0.1:$port/0"
        echo "MILLRACE_REDIS_TLS_URL=rediss://${user}localhost:$tls/0?ca=$dir/server.pem"
        echo "MILLRACE_REDIS_UNIX_URL=unix://${user}$dir/redis.sock?db=0"
        return
      fi
      runs "$pid" || break # a port was taken
      sleep 0.02
    done
    kill "$pid" 2>/dev/null || true
  done
  cat "$dir/redis.log" >&2
  die "no answer from the server"
}

stop() {
  local pid
  [[ -f $1/redis.pid ]] || return 0
  pid=$(<"$1/redis.pid")
  kill -9 "$pid" 2>/dev/null || true
  while runs "$pid"; do sleep 0.01; done
  rm -f "$1/redis.pid"
}

signal() {
  kill "-$2" "$(<"$1/redis.pid")"
}

case $#:${1:-} in
  2:start | 3:start) start "$2" "${3:-}" ;;
  2:stop) stop "$2" ;;
  2:freeze) signal "$2" STOP ;;
  2:thaw) signal "$2" CONT ;;
  *) die "usage: redis.sh start DIR [OWNER] | redis.sh stop|freeze|thaw DIR" ;;
esac
