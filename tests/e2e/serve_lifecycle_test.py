"""What becomes of a feature server and what becomes of its surroundings: Redis that goes and comes back, SIGTERM in the middle
of requests, a second owner of a store, addresses that others reach, tokens, certificates that are replaced.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from conftest import ROOT
from feature_server import BINARY, FeatureServer, raw_request
from served_shop import make_shop, millrace

REDIS = ROOT / "tests" / "servers" / "redis.sh"
GOOD = {"features": ["profile:age", "spend:sum_30d"], "entities": {"user_id": [1, 2]}}
EXPECTED = [[1, 2], [30, None], [10.0, 20.0]]
FEAST, OURS = "/get-online-features", "/features"
ROW = {"user_id": [60], "age": [1], "city": ["x"], "event_time": ["2026-01-01T00:00:00Z"]}
PUSH = {"push_source_name": "profiles", "df": ROW, "to": "online"}


def values(answer) -> list:
    assert answer.status == 200, answer.body
    return [column["values"] for column in answer.json["results"]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop with an embedded store, for one server at a time."""
    return make_shop(tmp_path_factory.mktemp("shop") / "shop")


# --- a store that goes -----------------------------------------------------------------------------------------


def redis(command: str, *arguments: object) -> dict[str, str]:
    done = subprocess.run([REDIS, command, *map(str, arguments)], capture_output=True, text=True, check=True, timeout=60)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


@pytest.fixture
def on_redis(tmp_path):
    """(server, Redis' folder)"""
    folder = tmp_path / "redis"
    url = redis("start", folder, os.getpid())["MILLRACE_REDIS_URL"]
    with FeatureServer(make_shop(tmp_path / "shop", url)) as server:
        yield server, folder
        server.stop()
    redis("stop", folder)


def unavailable(server: FeatureServer, path: str, body) -> None:
    begin = time.monotonic()
    answer = server.post(path, body)
    assert answer.status == 503, answer.body
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.problem["code"] in ("store_unavailable", "deadline_exceeded", "overloaded"), answer.problem
    assert time.monotonic() - begin < 15


def soon(server: FeatureServer, status: int, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while (answer := server.post(FEAST, GOOD)).status != status:
        assert time.monotonic() < end, answer.body
        time.sleep(0.05)


def test_a_redis_that_is_gone(on_redis):
    server, folder = on_redis
    assert values(server.post(FEAST, GOOD)) == EXPECTED
    redis("stop", folder)
    for path in (FEAST, OURS):
        unavailable(server, path, GOOD)
    unavailable(server, "/push", PUSH)
    end = time.monotonic() + 10
    while server.get("/health").status != 503:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert server.get("/health/live").status == 200
    assert "millrace_store_reachable 0" in server.get("/metrics").body.decode()
    # It is another store that comes back, without tables: nothing that it answers is made up.
    redis("start", folder, os.getpid())
    end = time.monotonic() + 20
    while (answer := server.post(FEAST, GOOD)).status == 503 and time.monotonic() < end:
        time.sleep(0.05)
    assert (answer.status, answer.problem["code"]) == (404, "not_ready"), answer.body
    assert server.process.poll() is None


def test_a_redis_that_does_not_answer_for_a_while(on_redis):
    server, folder = on_redis
    assert values(server.post(FEAST, GOOD)) == EXPECTED
    redis("freeze", folder)
    unheard = [GOOD | {"features": [name], "full_feature_names": full} for name in GOOD["features"] for full in (False, True)]
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(unavailable, server, OURS, body) for body in 4 * [*unheard, GOOD]]
            # Every thread of the server has other things to do than to wait.
            while not all(each.done() for each in waiting):
                begin = time.monotonic()
                assert server.get("/health/live").status == 200
                assert time.monotonic() - begin < 1
                time.sleep(0.02)
            for each in waiting:
                each.result()
        assert server.get("/metrics", timeout=5).status == 200
    finally:
        redis("thaw", folder)
    soon(server, 200)
    assert values(server.post(FEAST, GOOD)) == EXPECTED


# --- its end -----------------------------------------------------------------------------------------------------


def test_sigterm_answers_what_has_arrived(shop):
    with FeatureServer(shop) as server:
        asked, answered, refused, wrong = 0, 0, 0, []
        lock, stop = threading.Lock(), threading.Event()

        def client() -> None:
            nonlocal asked, answered, refused
            while not stop.is_set():
                try:
                    connection = socket.create_connection((server.host, server.port), timeout=10)
                except OSError:
                    with lock:
                        refused += 1
                    return
                with connection:
                    try:
                        connection.sendall(raw_request("POST", FEAST, json.dumps(GOOD).encode()))
                        received = connection.recv(65_536)
                    except OSError as problem:
                        received = str(problem).encode()
                with lock:
                    asked += 1
                    if received.startswith(b"HTTP/1.1 200"):
                        answered += 1
                    else:
                        wrong.append(received[:200])

        clients = [threading.Thread(target=client) for _ in range(4)]
        for each in clients:
            each.start()
        time.sleep(0.5)
        server.signal(signal.SIGTERM)
        assert server.wait(30) == 0, server.output()
        stop.set()
        for each in clients:
            each.join()
        assert answered > 10 and refused > 0
        # A connection that was not yet taken when listening ended is reset: its request was never read.
        assert all(not text or b"reset" in text.lower() for text in wrong) and len(wrong) <= len(clients), wrong


def test_sigterm_finishes_a_request_that_is_half_sent(shop):
    with FeatureServer(shop) as server:
        whole = raw_request("POST", FEAST, json.dumps(GOOD).encode())
        with socket.create_connection((server.host, server.port), timeout=20) as connection:
            connection.sendall(whole[:-10])
            time.sleep(0.2)
            server.signal(signal.SIGTERM)
            time.sleep(0.5)
            connection.sendall(whole[-10:])
            received = connection.recv(65_536)
        assert received.startswith(b"HTTP/1.1 200"), received
        assert b"connection: close" in received.lower()
        assert server.wait(30) == 0


def test_a_client_that_says_nothing_does_not_keep_it(shop):
    with FeatureServer(shop, "--header-time", 1) as server, socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(b"POST /features HTTP/1.1\r\nHost: x\r\n")
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_when_nobody_asks(shop, number):
    with FeatureServer(shop) as server:
        begin = time.monotonic()
        server.signal(number)
        assert server.wait(20) == 0, server.output()
        assert time.monotonic() - begin < 5


def test_after_kill_it_is_there_again(shop):
    with FeatureServer(shop) as server:
        push = PUSH | {"df": ROW | {"user_id": [61]}}
        assert server.post("/push", push).status == 200
        server.kill()
    with FeatureServer(shop) as server:
        answer = server.post(FEAST, {"features": ["profile:age"], "entities": {"user_id": [61, 1]}})
        assert values(answer) == [[61, 1], [1, 30]]


# --- one owner, one address --------------------------------------------------------------------------------------------------


def test_a_second_server_on_the_same_store(shop):
    with FeatureServer(shop) as server:
        second = millrace(shop, "serve", "--listen", "127.0.0.1:0", "--wait", "1")
        assert second.returncode == 1, second.stderr
        assert "[store_owned]" in second.stderr and str(server.process.pid) in second.stderr
        assert values(server.post(FEAST, GOOD)) == EXPECTED


def test_an_address_that_is_taken(shop):
    with FeatureServer(shop) as server:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            second = millrace(shop, "serve", "--listen", f"127.0.0.1:{port}", "--wait", "1")
        assert second.returncode == 1, second.stderr
        assert values(server.post(FEAST, GOOD)) == EXPECTED


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "nowhere.invalid:1", ":", ""])
def test_what_is_no_address(shop, address):
    refused = millrace(shop, "serve", "--listen", address)
    assert refused.returncode == 2, refused.stderr
    assert "[usage]" in refused.stderr


def test_commands_go_through_the_server_that_owns_the_store(shop):
    with FeatureServer(shop) as server:
        line = json.dumps({"user_id": 62, "age": 62, "event_time": "2026-01-01T00:00:00Z"})
        done = subprocess.run([BINARY, "--project", shop, "push", "profiles"], input=line + "\n", capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        asked = {"features": ["profile:age"], "entities": {"user_id": [62]}}
        assert values(server.post(FEAST, asked)) == [[62], [62]]
        got = millrace(shop, "get", "--features", "profile:age", "--key", "user_id=62", "--json")
        assert got.returncode == 0, got.stderr
        assert json.loads(got.stdout)["results"][1]["values"] == [62]
        done = millrace(shop, "materialize")
        assert done.returncode == 0, done.stderr
        assert values(server.post(FEAST, GOOD)) == EXPECTED


# --- who may --------------------------------------------------------------------------------------------------------


def tokens(*entries: tuple[str, str, list[str]]) -> str:
    """A tokens file: each token's text is its name with an s behind it."""
    return json.dumps({"tokens": [
        {"name": name, "sha256": hashlib.sha256(f"{name}s".encode()).hexdigest(), "role": role, "views": views}
        for name, role, views in entries]})


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


TOKENS = tokens(("reader", "read", ["profile", "spend"]), ("writer", "write", ["*"]), ("chief", "admin", ["*"]))


def test_an_address_that_others_reach_needs_tokens(shop):
    refused = millrace(shop, "serve", "--listen", "0.0.0.0:0")
    assert refused.returncode == 2, refused.stderr
    assert "[usage]" in refused.stderr and "--insecure" in refused.stderr
    with FeatureServer(shop, "--insecure", listen="0.0.0.0:0") as server:
        server.host = "127.0.0.1"
        assert values(server.post(FEAST, GOOD)) == EXPECTED
    with FeatureServer(shop, listen="0.0.0.0:0", environment={"MILLRACE_TOKENS": TOKENS}) as server:
        server.host = "127.0.0.1"
        assert values(server.post(FEAST, GOOD, headers=bearer("readers"))) == EXPECTED


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """Over a shop of its own, as it stays open."""
    shop = make_shop(tmp_path_factory.mktemp("guarded") / "shop")
    with FeatureServer(shop, environment={"MILLRACE_TOKENS": TOKENS}) as server:
        yield server


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "status", "code"),
    [
        ("POST", FEAST, GOOD, None, 200, ""),  # loopback
        ("POST", FEAST, GOOD, "readers", 200, ""),
        ("POST", OURS, GOOD, "readers", 200, ""),
        ("POST", OURS, GOOD, "nobody", 401, "unauthorized"),
        ("POST", FEAST, GOOD, "nobody", 401, "unauthorized"),
        ("POST", OURS, GOOD, "reader", 401, "unauthorized"),
        ("POST", OURS, GOOD, "", 401, "unauthorized"),
        ("POST", OURS, GOOD, "x" * 5_000, 401, "unauthorized"),
        ("POST", OURS, {"features": ["shelf:price"], "entities": {"item_id": ["a"]}}, "readers", 403, "forbidden"),
        ("POST", FEAST, {"features": ["shelf:price"], "entities": {"item_id": ["a"]}}, "readers", 403, "forbidden"),
        ("POST", OURS, {"feature_service": "offers", "entities": {"user_id": [1], "item_id": ["a"], "asked": [1.0]}}, "readers", 403,
         "forbidden"),
        ("POST", "/push", PUSH, "readers", 403, "forbidden"),
        ("POST", "/push", PUSH, "writers", 200, ""),
        ("POST", "/write-to-online-store", {"feature_view_name": "profile", "df": {}}, "readers", 403, "forbidden"),
        ("POST", "/materialize-incremental", {"end_ts": "2026-01-01T00:00:00"}, "readers", 403, "forbidden"),
        ("POST", "/materialize-incremental", {"end_ts": "2026-01-01T00:00:00"}, "chiefs", 200, ""),
        ("GET", "/health", b"", None, 200, ""),
    ],
    ids=str,
)
def test_tokens(guarded, method, path, body, token, status, code):
    answer = guarded.ask(method, path, body, headers={} if token is None else bearer(token))
    assert answer.status == status, answer.body
    if code:
        problem = answer.problem
        assert problem["code"] == code
        assert not token or token not in answer.body.decode()
        assert problem.get("class", "FeastPermissionError") == "FeastPermissionError"


@pytest.mark.parametrize("header", ["Basic cmVhZGVyczo=", "Bearer", "bearer", "Bearer a b", "readers", "Bearer\treaders\x01"])
def test_what_is_no_bearer_token(guarded, header):
    answer = guarded.post(OURS, GOOD, headers={"Authorization": header})
    assert (answer.status, answer.problem["code"]) in {(401, "unauthorized"), (400, "syntax_error")}
    assert answer.status == 400 or answer.headers["WWW-Authenticate"]


def test_a_view_that_is_forbidden_and_one_that_is_not_there_look_alike(guarded):
    """What a token may not see, it does not learn of."""
    hidden, missing = (guarded.post(OURS, {"features": [name], "entities": {"item_id": ["a"]}}, headers=bearer("readers"))
                       for name in ("shelf:price", "nix:price"))
    assert hidden.status == 403
    assert missing.status in (403, 404)
    assert "shelf" not in missing.body.decode()


def test_tokens_of_a_file_are_read_again(shop, tmp_path):
    file = tmp_path / "tokens.json"
    file.write_text(TOKENS)
    file.chmod(0o600)
    with FeatureServer(shop, "--tokens", file) as server:
        assert server.post(OURS, GOOD, headers=bearer("readers")).status == 200
        file.write_text(tokens(("other", "read", ["*"])))
        end = time.monotonic() + 10
        while server.post(OURS, GOOD, headers=bearer("readers")).status != 401:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert server.post(OURS, GOOD, headers=bearer("others")).status == 200


def test_a_tokens_file_that_others_may_read(shop, tmp_path):
    file = tmp_path / "tokens.json"
    file.write_text(TOKENS)
    file.chmod(0o644)
    refused = millrace(shop, "serve", "--listen", "127.0.0.1:0", "--tokens", file)
    assert refused.returncode == 2, refused.stderr
    assert "[bad_value]" in refused.stderr and str(file) in refused.stderr


# --- certificates -------------------------------------------------------------------------------------------------------


def certificate(folder, name: str) -> None:
    """server.pem and server.key, replaced as a whole."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "new.key", "-out",
                    folder / "new.pem"], check=True, capture_output=True, timeout=60)
    (folder / "new.key").rename(folder / "server.key")
    (folder / "new.pem").rename(folder / "server.pem")


def trusting(folder) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=folder / "server.pem")


def test_tls_and_a_certificate_that_is_replaced(shop, tmp_path):
    certificate(tmp_path, "one")
    first = trusting(tmp_path)
    with FeatureServer(shop, "--certificate", tmp_path / "server.pem", "--key", tmp_path / "server.key", tls=first) as server:
        assert server.scheme == "https"
        assert values(server.post(FEAST, GOOD)) == EXPECTED
        with socket.create_connection((server.host, server.port), timeout=10) as plain:
            plain.sendall(raw_request("GET", "/health"))
            with contextlib.suppress(OSError):
                assert not plain.recv(1_000).startswith(b"HTTP/1.1 200")
        held = server.connection()
        held.request("GET", "/health")
        assert held.getresponse().read() is not None
        certificate(tmp_path, "two")
        server.tls = trusting(tmp_path)
        end = time.monotonic() + 20
        while True:
            try:
                assert values(server.post(FEAST, GOOD)) == EXPECTED
                break
            except ssl.SSLCertVerificationError:
                assert time.monotonic() < end
                time.sleep(0.2)
        held.request("GET", "/health")  # who is connected stays so
        assert held.getresponse().status == 200
        held.close()
        (tmp_path / "server.pem").write_text("no certificate")
        time.sleep(2)
        assert values(server.post(FEAST, GOOD)) == EXPECTED  # what was read before holds


@pytest.mark.parametrize("broken", ["server.pem", "server.key"])
def test_certificates_that_are_none(shop, tmp_path, broken):
    certificate(tmp_path, "one")
    (tmp_path / broken).write_text("nothing of the kind")
    refused = millrace(shop, "serve", "--listen", "127.0.0.1:0", "--certificate", tmp_path / "server.pem", "--key", tmp_path / "server.key")
    assert refused.returncode == 2, refused.stderr
    assert "[bad_value]" in refused.stderr and broken in refused.stderr
