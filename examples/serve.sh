# Sourced by the demos: a feature server of the example's own, on a free port of loopback, and its end.
# Uses `millrace`; sets server_url and server_pid.

start_server() {
  local said=out/server.txt
  mkdir -p out
  "$millrace" serve --listen 127.0.0.1:0 --log out/server.log >"$said" &
  server_pid=$!
  trap stop_server EXIT
  until grep -q '^listening on http' "$said"; do
    kill -0 "$server_pid" 2>/dev/null || { wait "$server_pid"; exit 1; }
    sleep 0.05
  done
  server_url=$(sed -n 's/^listening on \(http.*\)/\1/p' "$said")
  sed 's/^/  /' "$said"
}

# SIGTERM: what is in flight is finished, and the exit code is 0.
stop_server() {
  trap - EXIT
  kill -TERM "$server_pid"
  wait "$server_pid"
}
