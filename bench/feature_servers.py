"""Servers that answer feature requests, and what asks them: Millrace's, Feast's, a constant one, Redis with its own benchmark.
Each is a `Peer`: something that can be run under load for a while, and that takes memory. Used by serve.py and soak.py."""
import contextlib
import csv
import dataclasses
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import run

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(run.MILLRACE).parent
REDIS = HERE.parent / "tests/servers/redis.sh"
START_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Load:
    """What is asked: the file has one request body a line, each for so many keys. A closed loop, so many requests at once."""
    bodies: pathlib.Path
    keys: int
    connections: int
    seconds: float
    kinds: int = 1  # bodies of so many kinds follow each other
    warmup: float = 0.3


Figures = dict  # rps, p50, p99, p99.9 (microseconds), p50_of_kinds (a list)


class HttpPeer:
    """A server that the loader asks; keeps answers that it gave."""

    def __init__(self, name: str, address: str, process: subprocess.Popen):
        self.name, self.address, self.process = name, address, process
        self.samples: dict[pathlib.Path, dict[int, dict]] = {}

    def run(self, load: Load) -> Figures:
        sample = load.bodies.with_suffix(".sample")
        words = [BIN / "loader", "--address", self.address, "--bodies", load.bodies, "--connections", load.connections,
                 "--seconds", load.seconds, "--warmup", load.warmup, "--kinds", load.kinds, "--sample", sample, "--every", 7 if load.keys > 1 else 97]
        done = subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True)
        figures = json.loads(done.stdout)
        if figures["errors"] or figures["reconnects"] or not figures["requests"]:
            raise SystemExit(f"bench: {self.name} under {load}: {done.stdout}")
        self.keep(load.bodies, sample)
        return figures

    def keep(self, bodies: pathlib.Path, sample: pathlib.Path) -> None:
        """Some answers of the first run; a constant server's are no JSON."""
        if bodies not in self.samples:
            with contextlib.suppress(json.JSONDecodeError):
                lines = [json.loads(line) for line in sample.read_text().splitlines()[:100]]
                self.samples[bodies] = {line["body"]: line["answer"] for line in lines}

    def memory(self) -> tuple[int, int]:
        return resident(self.process.pid)


class RedisBenchmark:
    """Redis alone, asked by redis-benchmark for the ten fields of a hash of a random key. Requests for several keys are as many
    commands, sent together."""

    def __init__(self, name: str, connect: list[str], keys: int, pid: int):
        self.name, self.connect, self.keys, self.pid = name, connect, keys, pid
        self.rates: dict[tuple[int, int], float] = {}

    def run(self, load: Load) -> Figures:
        rate = self.rates.get((load.keys, load.connections)) or self.ask(load, 20_000)["rps"]
        figures = self.ask(load, int(max(rate * load.seconds, load.connections)) * load.keys)
        self.rates[load.keys, load.connections] = figures["rps"]
        return figures

    def ask(self, load: Load, commands: int) -> Figures:
        words = ["redis-benchmark", *self.connect, "-r", self.keys, "-n", commands, "-c", load.connections, "-P", load.keys, "--csv",
                 "HMGET", "key:__rand_int__", *[f"f{i}" for i in range(10)]]
        done = subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        (row,) = csv.DictReader(done.stdout.splitlines())
        return {"rps": float(row["rps"]) / load.keys, "p50": float(row["p50_latency_ms"]) * 1e3, "p99": float(row["p99_latency_ms"]) * 1e3}

    def memory(self) -> tuple[int, int]:
        return resident(self.pid)


def status_of(pid: int, *fields: str) -> list[int]:
    """Bytes that /proc/PID/status says."""
    lines = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return [int(lines[field].split()[0]) * 1024 for field in fields]


def resident(pid: int) -> tuple[int, int]:
    """Bytes of memory now, and at most so far, of a process and those that it started."""
    now, most = status_of(pid, "VmRSS", "VmHWM")
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        more = resident(int(child))
        now, most = now + more[0], most + more[1]
    return now, most


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def process(words: list[object], log: pathlib.Path, folder: pathlib.Path | None = None):
    """A child that is ended afterwards; its standard output is a pipe, the rest goes into `log`."""
    with open(log, "ab") as errors:
        child = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=errors, cwd=folder, text=True)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def announced(child: subprocess.Popen, log: pathlib.Path) -> str:
    """The address that a server says on its standard output once it listens."""
    for line in child.stdout:
        if found := re.search(r"listen\w+ on (?:http://)?(\S+)", line):
            return found[1]
    raise SystemExit(f"bench: {child.args} ended with {child.wait()}\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def millrace(name: str, folder: pathlib.Path, requests: str = "off", also: str = ""):
    """Ours, as it is by default, but that its line for each request goes to the file `requests`, and that it listens on `also` too."""
    log = folder / "serve.log"
    words = [run.MILLRACE, "--project", folder, "serve", "--listen", "127.0.0.1:0", "--log", requests]
    with process([*words, *(["--listen", also] if also else [])], log) as child:
        yield HttpPeer(name, announced(child, log), child)


@contextlib.contextmanager
def constant(name: str, length: int, folder: pathlib.Path):
    """A server on the same HTTP layer that has nothing to do: always the same body, of `length` bytes."""
    log = folder / "constant.log"
    with process([BIN / "constant_server", "--listen", "127.0.0.1:0", "--bytes", length], log) as child:
        yield HttpPeer(name, announced(child, log), child)


@contextlib.contextmanager
def feast(name: str, catalogue: pathlib.Path, redis: str, folder: pathlib.Path):
    """Feast's server on a Redis ("host:port,db=N") that it has filled from the catalogue. As it is by default, but that it logs no
    requests, and does not begin anew after 1,000 of them, which would cost it seconds."""
    python, log, port = os.environ["FEAST_PYTHON"], folder.with_suffix(".log"), free_port()
    with open(log, "wb") as errors:
        subprocess.run([python, HERE / "peers/feast_materialize.py", catalogue, folder, redis], check=True,
                       stdout=subprocess.DEVNULL, stderr=errors)
    (folder / "feature_store.yaml").write_text(
        f"project: bench\nprovider: local\nregistry: registry.db\nonline_store: {{type: redis, connection_string: \"{redis}\"}}\n"
        "offline_store: {type: file}\nentity_key_serialization_version: 3\n")
    words = [pathlib.Path(python).with_name("feast"), "serve", "--port", port, "--no-access-log", "--max-requests", 0]
    with process(words, log, folder) as child:
        end = time.monotonic() + START_SECONDS
        while not listens(port):
            if time.monotonic() > end or child.poll() is not None:
                raise SystemExit(f"bench: feast serve does not listen\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield HttpPeer(name, f"127.0.0.1:{port}", child)


@contextlib.contextmanager
def redis(folder: pathlib.Path):
    """A Redis without persistence: its port, its socket and its process."""
    settings = subprocess.run([REDIS, "start", folder, str(os.getpid())], check=True, stdout=subprocess.PIPE, text=True).stdout
    try:
        port = int(re.search(r"MILLRACE_REDIS_URL=redis://127.0.0.1:(\d+)/", settings)[1])
        yield port, folder.resolve() / "redis.sock", int((folder / "redis.pid").read_text())
    finally:
        subprocess.run([REDIS, "stop", folder], check=True)
