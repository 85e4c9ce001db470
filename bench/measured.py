"""`measured.py COMMAND…`: runs it and prints its wall and CPU seconds and peak memory as JSON. A process of its own, since
a process's peak begins at that of the one which starts it: this one imports little."""
import json
import os
import subprocess
import sys
import time

begin = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
complaint = child.stderr.read()
_, status, usage = os.wait4(child.pid, 0)
wall = time.monotonic() - begin
child.returncode = os.waitstatus_to_exitcode(status)
if child.returncode != 0:
    raise SystemExit(f"{' '.join(sys.argv[1:])}: exit {child.returncode}\n{complaint.decode()}")
print(json.dumps({"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024}))
