"""Runs the peers and Millrace in turn on the same files, whole processes from reading Parquet to the written Parquet,
checks that the results agree, and prints medians, ratios and whether the targets are met. Called by `./dev bench` with
MILLRACE set to the binary. The full run writes RESULTS.md."""
import argparse
import datetime
import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

import agree
import process
import scenarios

HERE = pathlib.Path(__file__).resolve().parent
MILLRACE = str(pathlib.Path(os.environ.get("MILLRACE", HERE.parent / "build/bin/millrace")).resolve())
CORES = sorted(os.sched_getaffinity(0))
RESULTS = HERE / "RESULTS.md"
# Sections that other commands write, the last ones, in this order.
OTHERS = ONLINE, SERVE, SOAK = "## Online store", "## Feature server", "## Soak"
BUSY = 0.1  # the share of the cores from which other processes are in the figures


def repository(folder: pathlib.Path, definitions: str) -> None:
    (folder / "features").mkdir(parents=True)
    (folder / "millrace.yaml").write_text("project: bench\n")
    (folder / "features" / "bench.yaml").write_text(definitions)
    subprocess.run([MILLRACE, "--project", str(folder), "apply"], check=True, stdout=subprocess.DEVNULL)


def our_words(ours: scenarios.Ours, folder: pathlib.Path) -> list[str]:
    repository(folder, ours.definitions)
    words = ["taskset", "-c", str(CORES[0])] if ours.one_core else []
    words += [MILLRACE, "--project", str(folder), "training-set", *ours.options, "--out", str(folder / "out.parquet")]
    return words + (["--spine", str(ours.spine)] if ours.spine else [])


def commands(scenario: scenarios.Scenario, folder: pathlib.Path, rounds: int) -> dict[str, process.Command]:
    found = {}
    for number, ours in enumerate(scenario.ours):
        found[ours.name] = process.Command(our_words(ours, folder / f"ours{number}"), rounds)
    for number, peer in enumerate(scenario.peers):
        words = [sys.executable, str(HERE / "peers" / peer.script), *map(str, peer.inputs),
                 str(folder / f"peer{number}.parquet"), str(len(CORES))]
        found[peer.name] = process.Command(words, peer.rounds or rounds)
    if scenario.reading:
        files = [str(part) for pair in scenario.reading for part in pair]
        words = [sys.executable, str(HERE / "peers" / "reading.py"), str(len(CORES)), *files]
        found[scenarios.READING] = process.Command(words, rounds)
    return found


def agreement(scenario: scenarios.Scenario, folder: pathlib.Path) -> str:
    cells = 0
    for number, peer in enumerate(scenario.peers):
        try:
            cells += agree.check(str(folder / "ours0/out.parquet"), str(folder / f"peer{number}.parquet"), peer.floors, peer.order_by)
        except agree.Disagree as difference:
            return f"; **{peer.name} disagrees**: {difference}"
    return f"; {cells:,} cells agree" if cells else ""


def target_rows(name: str, scenario: scenarios.Scenario, figures: dict[str, process.Figures]) -> list[str]:
    return [f"| {name}: {target.text} | {target.value(figures):.3f}{target.unit} | "
            f"{'≥' if target.at_least else '≤'} {target.bound:g}{target.unit} | {'yes' if target.met(figures) else '**no**'} |"
            for target in scenario.targets]


TARGETS_HEAD = ["| target | measured | bound | met |", "| --- | ---: | ---: | --- |"]


def measure(name: str, scenario: scenarios.Scenario, rounds: int) -> tuple[list[str], list[str]]:
    """The scenario's section of the report, and the rows of its targets."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        figures = process.in_turn(commands(scenario, folder, rounds))
        agreed = agreement(scenario, folder)
    first = next(iter(figures))
    lines = [f"### {name}", "", scenario.about + agreed, "",
             f"| | wall s | least to most | CPU s | peak MiB | {first} / it |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for engine, f in figures.items():
        label = engine if f.rounds == rounds else f"{engine}, {f.rounds} round"
        lines.append(f"| {label} | {f.wall_s:.2f} | {f.least_s:.2f} to {f.most_s:.2f} | {f.cpu_s:.2f} | {f.peak_bytes / 2**20:.0f} | "
                     f"{figures[first].wall_s / f.wall_s:.3f} |")
    rows = target_rows(name, scenario, figures)
    return [*lines, "", *TARGETS_HEAD, *rows, ""], rows


def processor() -> str:
    names = [line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def busy_share() -> float:
    """What other processes use of the cores in two seconds. The load average still has our own build in it."""
    def ticks() -> list[int]:
        return [int(n) for n in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]

    before = ticks()
    time.sleep(2)
    spent = [after - was for was, after in zip(before, ticks())]
    return 1 - (spent[3] + spent[4]) / sum(spent)  # idle, and waiting for the disk


def circumstances(what: str, packages: tuple[str, ...] = ("duckdb", "polars", "pyarrow")) -> list[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    load, busy = os.getloadavg()[0], busy_share()
    command = " ".join(["./dev bench", *sys.argv[1:]])
    return [f"`{command}`, {datetime.date.today()}: {processor()}, {len(CORES)} cores, {memory:.0f} GiB; {versions}. {what}",
            f"At the start the load average was {load:.2f}, and other processes used {busy:.0%} of the cores" +
            ("; **the machine was busy: these are no figures to go by.**" if busy > BUSY else "."), ""]


def introduction(rounds: int) -> list[str]:
    return ["# Results", "", *circumstances("Whole processes, from reading Parquet to the written Parquet, medians of "
                                            f"{rounds} rounds in turn unless a row says otherwise.")]


def other_sections() -> dict[str, str]:
    """What other commands have written of RESULTS.md, by heading."""
    text = "\n" + (RESULTS.read_text() if RESULTS.exists() else "")
    begins = sorted((text.index(f"\n{heading}\n") + 1, heading) for heading in OTHERS if f"\n{heading}\n" in text)
    ends = [begin for begin, _ in begins[1:]] + [len(text)]
    return {heading: text[begin:end].rstrip() + "\n" for (begin, heading), end in zip(begins, ends)}


def replace_section(heading: str, section: str) -> None:
    """Puts what one command has found, which begins with its heading, into RESULTS.md."""
    others = other_sections()
    text = RESULTS.read_text() if RESULTS.exists() else ""
    first = min((text.index(other) for other in others.values()), default=len(text))
    others[heading] = section.rstrip() + "\n"
    kept = [others[name] for name in OTHERS if name in others]
    RESULTS.write_text("\n".join([text[:first].rstrip() + "\n", *kept]))


def main() -> None:
    options = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="small sizes, about a minute; the targets are meant for the full ones")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="", help="scenarios whose name contains this")
    options.add_argument("--out", help="write the report here; by default the full run writes RESULTS.md")
    chosen = options.parse_args()
    out = chosen.out or (None if chosen.quick or chosen.only else RESULTS)
    kept = "\n".join(other_sections().values()) if out == RESULTS else ""
    head = introduction(chosen.rounds)
    print("\n".join(head), flush=True)
    sections, targets = [], list(TARGETS_HEAD)
    for name, make in (scenarios.QUICK if chosen.quick else scenarios.FULL).items():
        if chosen.only not in name:
            continue
        section, rows = measure(name, make(), chosen.rounds)
        print("\n".join(section), flush=True)
        sections += section
        targets += rows
        if out:  # as far as it is, in case a later command fails
            pathlib.Path(out).write_text("\n".join([*head, *targets, "", *sections, kept]))
    print("\n".join(["## Targets", "", *targets]))
    if any("disagrees" in line for line in sections):
        raise SystemExit("a peer disagrees")


if __name__ == "__main__":
    main()
