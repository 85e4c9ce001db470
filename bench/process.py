"""Runs a command as a whole process and measures it from outside: wall and CPU seconds, peak memory."""
import dataclasses
import os
import statistics
import subprocess
import time


@dataclasses.dataclass
class Figures:
    wall_s: float
    cpu_s: float
    peak_bytes: int


def run(command: list[str]) -> Figures:
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit {child.returncode}\n{complaint.decode()}")
    return Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def in_turn(commands: dict[str, list[str]], rounds: int) -> dict[str, Figures]:
    """Each command once per round, in turn, so that a slow minute of the machine slows all of them; the medians."""
    seen: dict[str, list[Figures]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            seen[name].append(run(command))
    return {name: Figures(*(statistics.median(getattr(f, field.name) for f in figures)
                            for field in dataclasses.fields(Figures)))
            for name, figures in seen.items()}
