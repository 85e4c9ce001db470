"""`./dev bench --serve`: feature servers under load, ours on the embedded store and on Redis beside Feast's, a constant server and
Redis alone, asked in turn on the same machine. Called with MILLRACE set to the binary, beside which the loader and the constant
server lie, and FEAST_PYTHON to a Python that has Feast ("": its figure is quoted). The full run writes the section of RESULTS.md."""
import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import urllib.request

import data
import feature_servers
import online
import run
import served
from feature_servers import Figures, Load

FEAST_QUOTED = 365  # requests a second at 8 connections, one entity, from another machine
EMBEDDED, UNIX, TCP = "Millrace, embedded", "Millrace, Redis by a unix socket", "Millrace, Redis by TCP"
UNIX_ALL = "Millrace, Redis and clients by unix sockets"
FEAST, CONSTANT = "Feast 0.67, Redis by TCP", "constant server"
REDIS_UNIX, REDIS_TCP = "redis-benchmark by a unix socket", "redis-benchmark by TCP"
CONNECTIONS = (1, 8, 64)
TURNS = ("plain", "computed", "wide", "windowed", "distinct")  # of the embedded store alone
CHECKED = 20  # answers of each server and case that are compared with `get`


@dataclasses.dataclass(frozen=True)
class Course:
    sizes: served.Sizes
    rounds: int
    seconds: float


FULL = Course(served.Sizes(keys=100_000, windowed_keys=2_000), rounds=5, seconds=3)
QUICK = Course(served.Sizes(keys=10_000, windowed_keys=200), rounds=1, seconds=0.7)

# By case, connections and peer: a figure per round.
Runs = dict[tuple[str, int, str], list[Figures]]


@dataclasses.dataclass
class Target:
    text: str
    value: float
    bound: float
    at_least: bool = True
    unit: str = ""

    def line(self) -> str:
        met = self.value >= self.bound if self.at_least else self.value <= self.bound
        return (f"| {self.text} | {readable(self.value)}{self.unit} | {'≥' if self.at_least else '≤'} {self.bound:,g}{self.unit} | "
                f"{'yes' if met else '**no**'} |")


def readable(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A line of a table: a peer that is asked a case."""
    label: str
    case: str
    peer: feature_servers.HttpPeer | feature_servers.RedisBenchmark


def measure(course: Course, group: list[Entry], bodies: dict[str, pathlib.Path], cases: dict[str, served.Case]) -> Runs:
    """Each once a round, in turn, so that a slow minute of the machine slows all of them."""
    runs: Runs = {}
    for connections in CONNECTIONS:
        for _ in range(course.rounds):
            for entry in group:
                load = Load(bodies[entry.case], cases[entry.case].keys, connections, course.seconds)
                runs.setdefault((entry.case, connections, entry.peer.name), []).append(entry.peer.run(load))
    return runs


def median(runs: Runs, case: str, connections: int, peer: str, figure: str) -> float:
    return statistics.median(one[figure] for one in runs[case, connections, peer])


def answer_bytes(peer: feature_servers.HttpPeer, bodies: pathlib.Path) -> int:
    """The length of an answer."""
    with open(bodies, "rb") as file:
        request = urllib.request.Request(f"http://{peer.address}/get-online-features", file.readline().strip(),
                                         {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return len(answer.read())


def table(runs: Runs, title: str, group: list[Entry]) -> list[str]:
    lines = [f"### {title}", "", "| | connections | requests/s | least to most | p50 µs | p99 µs | p99.9 µs |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for entry in group:
        for connections in CONNECTIONS:
            rounds = runs[entry.case, connections, entry.peer.name]
            rates = [one["rps"] for one in rounds]
            times = [readable(statistics.median(one[q] for one in rounds)) if q in rounds[0] else "" for q in ("p50", "p99", "p99.9")]
            lines.append(f"| {entry.label} | {connections} | {statistics.median(rates):,.0f} | {min(rates):,.0f} to {max(rates):,.0f} | "
                         f"{' | '.join(times)} |")
    return [*lines, ""]


def embedded_targets(runs: Runs) -> list[Target]:
    targets = []
    for connections in CONNECTIONS[1:]:
        ours, constant = (median(runs, "one", connections, peer, "rps") for peer in (EMBEDDED, CONSTANT))
        feast = median(runs, "one", connections, FEAST, "rps") if ("one", connections, FEAST) in runs else FEAST_QUOTED
        ours_p99, constant_p99 = (median(runs, "one", connections, peer, "p99") for peer in (EMBEDDED, CONSTANT))
        at = f"1 entity, embedded, {connections} connections"
        targets += [Target(f"{at}: share of the constant server's rate", ours / constant, 0.6),
                    Target(f"{at}: times Feast's rate (aim: 100)", ours / feast, 70),
                    Target(f"{at}: p99, times the constant server's", ours_p99 / constant_p99, 3, at_least=False)]
    return targets + [Target(f"100 entities, embedded, {connections} connections", median(runs, "hundred", connections, EMBEDDED, "rps"),
                             3_000, unit=" requests/s") for connections in CONNECTIONS[1:]]


def redis_targets(runs: Runs) -> list[Target]:
    """A request for 100 entities stands beside 100 HMGETs that redis-benchmark sends together."""
    return [Target(f"{about}, {ours.removeprefix('Millrace, ')}, {connections} connections: share of redis-benchmark's rate",
                   median(runs, case, connections, ours, "rps") / median(runs, case, connections, alone, "rps"), 0.5)
            for case, about in (("one", "1 entity"), ("hundred", "100 entities"))
            for ours, alone in ((UNIX, REDIS_UNIX), (UNIX_ALL, REDIS_UNIX), (TCP, REDIS_TCP)) for connections in CONNECTIONS[1:]]


def interleaved(course: Course, ours: feature_servers.HttpPeer, bodies: dict[str, pathlib.Path]) -> dict[str, list[float]]:
    """The p50 of each kind of request in each round, all kinds asked in turn by one connection: how long a processor takes to wake up
    differs from run to run by more than the kinds do."""
    mixed = bodies["plain"].with_name("mixed.jsonl")
    mixed.write_text("".join(line for lines in zip(*(bodies[case].open() for case in TURNS)) for line in lines))
    load = Load(mixed, 1, 1, course.seconds, len(TURNS))
    rounds = [ours.run(load)["p50_of_kinds"] for _ in range(course.rounds)]
    return {case: [one[number] for one in rounds] for number, case in enumerate(TURNS)}


def cost_targets(p50: dict[str, list[float]]) -> list[Target]:
    times = {case: statistics.median(ours / columns for ours, columns in zip(p50[case], p50["wide"])) for case in ("windowed", "distinct")}
    more = statistics.median(ours - without for ours, without in zip(p50["computed"], p50["plain"]))
    return [Target("20 windowed features (count, sum, avg, min, max), p50, times that of 20 columns", times["windowed"], 3, at_least=False),
            Target("20 windowed features (count, sum, avg, stddev, nunique), the same", times["distinct"], 3, at_least=False),
            Target("5 on-demand features add to p50", more, 10, at_least=False, unit=" µs")]


def cost_table(p50: dict[str, list[float]], cases: dict[str, served.Case]) -> list[str]:
    lines = ["### The same kinds of requests in turn, from one connection", "", "| | p50 µs | least to most |", "| --- | ---: | ---: |"]
    for case, times in p50.items():
        lines.append(f"| {cases[case].about} | {statistics.median(times):.1f} | {min(times):.1f} to {max(times):.1f} |")
    return [*lines, ""]


def canonical(answer: dict) -> dict[str, tuple]:
    """Name -> values, in a form in which only the same bits are equal."""
    return {name: tuple(map(repr, result["values"])) for name, result in zip(answer["metadata"]["feature_names"], answer["results"])}


def asked(bodies: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in bodies.read_text().splitlines()]


def check_with_feast(ours: feature_servers.HttpPeer, feast: feature_servers.HttpPeer, bodies: pathlib.Path) -> int:
    """Values that both gave, Feast being asked again for what ours was sampled for."""
    with open(bodies, "rb") as file:
        lines = file.readlines()
    values = 0
    for number, answer in ours.samples[bodies].items():
        request = urllib.request.Request(f"http://{feast.address}/get-online-features", lines[number].strip(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as theirs:
            a, b = canonical(answer), canonical(json.load(theirs))
        if a != b:
            raise SystemExit(f"bench: {ours.name} and Feast differ for {lines[number].decode()}\n{a}\n{b}")
        values += sum(map(len, a.values()))
    return values


def check_with_get(repository: online.Repository, ours: feature_servers.HttpPeer, bodies: pathlib.Path) -> int:
    """Values that `get --json` gives too at the time of the answer, with the statuses and times beside them; each key is asked for
    alone."""
    requests, values = asked(bodies), 0
    for number, answer in list(ours.samples[bodies].items())[:CHECKED]:
        keys = requests[number]["entities"]["user_id"]
        for row in range(0, len(keys), 17):
            words = repository.words("get", "--features", ",".join(requests[number]["features"]), "--key", f"user_id={keys[row]}",
                                     "--at", answer["metadata"]["as_of"], "--json")
            found = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
            served_row = [{name: cells[row:row + 1] for name, cells in result.items()} for result in answer["results"]]
            if repr(served_row) != repr(found["results"]):
                raise SystemExit(f"bench: {ours.name} and `get` differ for {keys[row]}:\n{served_row}\n{found['results']}")
            values += len(served_row) - 1
    return values


class Stage:
    """All that answers, started, and what it is asked."""

    def __init__(self, course: Course, folder: pathlib.Path, stack: contextlib.ExitStack):
        sizes, self.folder, self.stack = course.sizes, folder, stack
        self.cases = served.cases(sizes)
        self.bodies = {name: case.bodies(10_000 if case.keys == 1 else 2_000, folder / f"{name}.jsonl") for name, case in self.cases.items()}
        port, socket, pid = stack.enter_context(feature_servers.redis(folder / "redis"))
        self.repositories = {
            EMBEDDED: served.everything(sizes, folder / "embedded"),
            UNIX: served.snapshots(sizes, folder / "unix", f"unix://{socket}?db=0"),
            TCP: served.snapshots(sizes, folder / "tcp", f"redis://127.0.0.1:{port}/1"),
        }
        self.own = stack.enter_context(contextlib.ExitStack())
        clients = {UNIX: f"unix:{folder}/clients.sock"}
        self.ours = {name: self.own.enter_context(feature_servers.millrace(name, repository.folder, also=clients.get(name, "")))
                     for name, repository in self.repositories.items()}
        # The same server, asked as redis-benchmark asks Redis.
        self.by_unix = feature_servers.HttpPeer(UNIX_ALL, clients[UNIX], self.ours[UNIX].process)
        self.feast = None
        if os.environ.get("FEAST_PYTHON"):
            self.feast = stack.enter_context(
                feature_servers.feast(FEAST, data.catalogue(sizes.keys), f"127.0.0.1:{port},db=2", folder / "feast"))
        fill_hashes(socket, sizes.keys)
        self.redis = [feature_servers.RedisBenchmark(name, [*connect, "--dbnum", "3"], sizes.keys, pid)
                      for name, connect in ((REDIS_UNIX, ["-s", str(socket)]), (REDIS_TCP, ["-p", str(port)]))]

    def groups(self) -> dict[str, list[Entry]]:
        """By title: what is asked in turn."""
        ours = self.ours[EMBEDDED]
        found = {}
        for case in ("one", "hundred"):
            length = answer_bytes(ours, self.bodies[case])
            constant = self.stack.enter_context(feature_servers.constant(CONSTANT, length, self.folder))
            feast = [self.feast] if self.feast else []
            peers = [ours, constant, self.ours[UNIX], self.by_unix, self.redis[0], self.ours[TCP], self.redis[1], *feast]
            found[f"{self.cases[case].about} (an answer of {length:,} bytes)"] = [Entry(peer.name, case, peer) for peer in peers]
        found[f"Windowed (1 to 90 days, exact, {served.EVENTS_A_KEY:,} events a key) and on-demand features, embedded, 1 entity"] = [
            Entry(self.cases[case].about, case, ours) for case in TURNS]
        return found

    def memory(self) -> list[str]:
        peers = [*self.ours.values(), *([self.feast] if self.feast else [])]
        lines = ["### Memory", "", "After all runs, each server with the processes that it started.", "",
                 "| | resident MiB | at most |", "| --- | ---: | ---: |"]
        for peer in peers:
            now, most = peer.memory()
            lines.append(f"| {peer.name} | {now / 2**20:,.0f} | {most / 2**20:,.0f} |")
        return [*lines, ""]

    def check(self) -> str:
        """Ends our servers, so that `get` reads the stores by itself."""
        asked = [*self.ours.items(), (UNIX, self.by_unix)]
        feast = sum(check_with_feast(ours, self.feast, self.bodies[name]) for _, ours in asked
                    for name in ("one", "hundred")) if self.feast else 0
        self.own.close()
        get = sum(check_with_get(self.repositories[name], ours, bodies) for name, ours in asked for bodies in ours.samples)
        return f"Values of sampled answers that are the same bits elsewhere: {feast:,} in Feast's answers, {get:,} in those of `get --json`."


def fill_hashes(socket: pathlib.Path, keys: int) -> None:
    """What redis-benchmark asks for: a hash of ten fields for each key, the values as long as Feast's."""
    fields = " ".join(f"f{i} {i}234567890" for i in range(10))
    commands = "".join(f"HSET key:{number:012d} {fields}\r\n" for number in range(keys))
    subprocess.run(["redis-cli", "-s", str(socket), "-n", "3", "--pipe"], check=True, input=commands, text=True, stdout=subprocess.DEVNULL)


def report(course: Course) -> list[str]:
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as stack:
        stage = Stage(course, pathlib.Path(temporary), stack)
        runs, tables = {}, []
        for title, group in stage.groups().items():
            runs |= measure(course, group, stage.bodies, stage.cases)
            tables += table(runs, title, group)
        p50 = interleaved(course, stage.ours[EMBEDDED], stage.bodies)
        tables += cost_table(p50, stage.cases)
        memory, checked = stage.memory(), stage.check()
    targets = [*embedded_targets(runs), *redis_targets(runs), *cost_targets(p50)]
    quoted = [] if stage.feast else [f"Feast could not be installed here; {FEAST_QUOTED} requests/s are quoted from another machine.", ""]
    return [*run.TARGETS_HEAD, *(target.line() for target in targets), "", checked, "", *quoted, *tables, *memory]


def versions() -> str:
    return "Redis " + subprocess.run(["redis-server", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split("v=")[1].split()[0]


def main() -> None:
    options = argparse.ArgumentParser(prog="./dev bench --serve", description=__doc__)
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--quick", action="store_true", help="few keys and short runs, for which the targets are not meant")
    options.add_argument("--rounds", type=int, help="with other than five rounds of three seconds, RESULTS.md is left as it is")
    options.add_argument("--seconds", type=float, help="of a run")
    chosen = options.parse_args()
    course = QUICK if chosen.quick else FULL
    course = dataclasses.replace(course, rounds=chosen.rounds or course.rounds, seconds=chosen.seconds or course.seconds)
    head = [run.SERVE, "", *run.circumstances(
        f"{versions()}. Requests for random ones of {course.sizes.keys:,} keys ({course.sizes.windowed_keys:,} with windows) by closed "
        f"loops of one thread, which shares the cores with the servers; medians of {course.rounds} runs of {course.seconds:g} s, all servers "
        "in turn. Neither feature server logs requests. redis-benchmark asks for 10 fields of a hash; for 100 entities it sends 100 such "
        "commands together.", ("pyarrow",))]
    begin = time.monotonic()
    section = "\n".join([*head, *report(course)])
    print(section)
    print(f"{time.monotonic() - begin:.0f} s in all")
    if course == FULL:
        run.replace_section(run.SERVE, section)


if __name__ == "__main__":
    main()
