"""A feature server for tests: `millrace serve` on a free port, waited for, asked over plain HTTP, stopped by its process
id. Used by tests/e2e and tests/integration; what it prints goes to a file beside the repository's others.
"""

import contextlib
import ctypes
import dataclasses
import http.client
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("MILLRACE_BIN", ROOT / "build" / "bin" / "millrace"))
LISTENING = re.compile(r"listening on (https?)://([^\s\"]+):(\d+)")

_libc = ctypes.CDLL(None)


def _end_with_the_tests() -> None:
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


@dataclasses.dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self) -> dict:
        """An error's body, of either kind, as {"code", "detail"}; anything else fails."""
        said = self.json
        if isinstance(said, str):  # Feast's
            said = json.loads(said)
            assert set(said) == {"module", "class", "message", "code"}, said
            assert said["module"] == "feast.errors", said
            return {"code": said["code"], "detail": said["message"], "class": said["class"]}
        assert set(said) == {"detail", "code"} and all(isinstance(text, str) for text in said.values()), said
        return said


def raw_request(method: str, path: str, body: bytes = b"", headers: dict | None = None) -> bytes:
    """The bytes of a request that is in order."""
    lines = [f"{method} {path} HTTP/1.1", "Host: tests", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def as_bytes(body) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


class FeatureServer:
    """Listens when it is made; `stop` it, or use it in a `with`."""

    def __init__(self, folder: pathlib.Path, *arguments: object, listen: str = "127.0.0.1:0", environment=None,
                 tls: ssl.SSLContext | None = None):
        self.tls = tls
        self.log = folder / f"serve-{time.monotonic_ns()}.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [BINARY, "--project", folder, "serve", "--listen", listen, *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | (environment or {}),
                preexec_fn=_end_with_the_tests)
        end = time.monotonic() + 60
        while not (found := LISTENING.search(self.log.read_text(errors="replace"))):
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise AssertionError(f"serve does not listen: {self.log.read_text(errors='replace')}")
            time.sleep(0.01)
        self.scheme, self.host, self.port = found[1], found[2], int(found[3])

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def connection(self, timeout: float = 60) -> http.client.HTTPConnection:
        if self.tls is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls)

    def ask(self, method: str, path: str, body=b"", headers: dict | None = None, timeout: float = 60) -> Answer:
        """On a connection of its own. `body`: bytes as they are, anything else as JSON."""
        with contextlib.closing(self.connection(timeout)) as connection:
            connection.request(method, path, body=as_bytes(body), headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def get(self, path: str, **options) -> Answer:
        return self.ask("GET", path, **options)

    def post(self, path: str, body, **options) -> Answer:
        return self.ask("POST", path, body, **options)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, timeout: float = 60) -> int:
        return self.process.wait(timeout)

    def stop(self) -> int:
        """Its exit code after SIGTERM; -9 if it had to be killed."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
