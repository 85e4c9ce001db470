"""Runs commands as whole processes in turn, measured from outside, and takes medians."""
import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys

MEASURED = str(pathlib.Path(__file__).with_name("measured.py"))


@dataclasses.dataclass
class Command:
    words: list[str]
    rounds: int


@dataclasses.dataclass
class Figures:
    """Medians, and the range of the wall time."""
    wall_s: float
    cpu_s: float
    peak_bytes: float
    least_s: float
    most_s: float
    rounds: int


def run(words: list[str]) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-S", MEASURED, *words], stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise SystemExit(done.returncode)
    return json.loads(done.stdout)


def in_turn(commands: dict[str, Command]) -> dict[str, Figures]:
    """Each command once per round, in turn, so that a slow minute of the machine slows all of them."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for number in range(max(command.rounds for command in commands.values())):
        for name, command in commands.items():
            if number < command.rounds:
                seen[name].append(run(command.words))
    figures = {}
    for name, runs in seen.items():
        walls = [figure["wall_s"] for figure in runs]
        medians = (statistics.median(figure[key] for figure in runs) for key in ("wall_s", "cpu_s", "peak_bytes"))
        figures[name] = Figures(*medians, min(walls), max(walls), len(walls))
    return figures
