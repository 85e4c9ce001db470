"""Runs the peers and Millrace in turn on the same files, whole processes from reading Parquet to the written Parquet,
checks that the results agree, and prints medians and ratios: `run.py [--quick] [--rounds N] [--only NAME] [--out FILE]`.
Called by `./dev bench` with MILLRACE set to the binary."""
import argparse
import datetime
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import agree
import process
import scenarios

HERE = pathlib.Path(__file__).resolve().parent
MILLRACE = str(pathlib.Path(os.environ.get("MILLRACE", HERE.parent / "build/bin/millrace")).resolve())
THREADS = str(os.cpu_count())


def repository(folder: pathlib.Path, definitions: str) -> None:
    (folder / "features").mkdir()
    (folder / "millrace.yaml").write_text("project: bench\n")
    (folder / "features" / "bench.yaml").write_text(definitions)
    subprocess.run([MILLRACE, "--project", str(folder), "apply"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def commands(scenario: scenarios.Scenario, folder: pathlib.Path) -> dict[str, list[str]]:
    ours = [MILLRACE, "--project", str(folder), "training-set", *scenario.options, "--out", str(folder / "ours.parquet")]
    if scenario.spine is not None:
        ours += ["--spine", str(scenario.spine)]
    found = {"Millrace": ours}
    for number, peer in enumerate(scenario.peers):
        found[peer.name] = [sys.executable, str(HERE / "peers" / peer.script), *map(str, peer.inputs),
                            str(folder / f"peer{number}.parquet"), THREADS, *peer.extra]
    files = [str(part) for pair in scenario.reading for part in pair]
    found["reading alone (pyarrow)"] = [sys.executable, str(HERE / "peers" / "reading.py"), THREADS, *files]
    return found


def measure(scenario: scenarios.Scenario, rounds: int) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        repository(folder, scenario.definitions)
        figures = process.in_turn(commands(scenario, folder), rounds)
        cells = 0
        for number, peer in enumerate(scenario.peers):
            if peer.agrees:
                cells += agree.check(str(folder / "ours.parquet"), str(folder / f"peer{number}.parquet"), peer.floor)
    ours = figures["Millrace"].wall_s
    lines = [f"### {scenario.name}", "", scenario.about + (f"; {cells:,} cells agree" if cells else ""), "",
             "| engine | wall s | CPU s | peak MiB | Millrace / it |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, f in figures.items():
        lines.append(f"| {name} | {f.wall_s:.2f} | {f.cpu_s:.2f} | {f.peak_bytes / 2**20:.0f} | {ours / f.wall_s:.3f} |")
    return lines + [""]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="small sizes, about a minute")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="", help="scenarios whose name contains this")
    options.add_argument("--out", help="write the report here too")
    chosen = options.parse_args()
    lines = ["# Results", "",
             f"`./dev bench`, {datetime.date.today()}, {platform.machine()}, {THREADS} threads, medians of {chosen.rounds} rounds in "
             "turn. Whole processes, from reading Parquet to the written Parquet. The machine is shared and noisy: read the ratios.", ""]
    print("\n".join(lines))
    for make in scenarios.QUICK if chosen.quick else scenarios.FULL:
        scenario = make()
        if chosen.only not in scenario.name:
            continue
        lines += measure(scenario, chosen.rounds)
        print("\n".join(lines[-len(scenario.peers) - 9:]), flush=True)
    if chosen.out:
        pathlib.Path(chosen.out).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
