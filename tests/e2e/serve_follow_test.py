"""What a feature server does while it runs: takes up new versions of the definitions without a failed request, reads new
files from time to time, keeps a share of its answers, and says what it counted.
"""

import json
import threading
import time

import pyarrow.dataset as ds
import pytest

from feature_server import FeatureServer
from served_shop import make_shop, millrace, rfc3339

OURS = "/features"
GOOD = {"features": ["profile:age", "spend:sum_30d"], "entities": {"user_id": [1, 2]}}


@pytest.fixture
def shop(tmp_path):
    return make_shop(tmp_path / "shop")


def ok(folder, *arguments):
    done = millrace(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def eventually(holds, seconds: float = 20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_new_version_is_taken_up_without_a_failed_request(shop):
    definitions = shop / "features" / "all.yaml"
    with FeatureServer(shop) as server:
        wrong, stopped = [], threading.Event()

        def ask():
            while not stopped.is_set():
                answer = server.post(OURS, GOOD)
                if answer.status != 200 or [c["values"] for c in answer.json["results"]] != [[1, 2], [30, None], [10.0, 20.0]]:
                    wrong.append(answer.body)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        text = definitions.read_text()
        # A new view, and another window of one that is asked: until they are built, the version before answers.
        definitions.write_text(text.replace("windows: [1h, 30d]", "windows: [1h, 30d, 40d]").replace(
            "  total: {", "  visits: {entity: user, source: purchases, window: 5d, features: {visits: count()}}\n  total: {"))
        ok(shop, "apply", "--author", "bob")
        eventually(lambda: server.get("/health").json["registry_version"] == 2)
        ok(shop, "materialize")  # through the server
        newest = {"features": ["spend:sum_40d", "visits:visits"], "entities": {"user_id": [1]}}
        eventually(lambda: server.post(OURS, newest).status == 200)
        assert server.post(OURS, newest).json["metadata"]["registry_version"] == 2
        eventually(lambda: server.post(OURS, GOOD).json["metadata"]["registry_version"] == 2)
        stopped.set()
        for thread in threads:
            thread.join()
        assert not wrong
        assert server.stop() == 0


def test_new_files_are_read_from_time_to_time(tmp_path):
    shop = tmp_path
    (shop / "millrace.yaml").write_text("project: scores\n")
    (shop / "features").mkdir()
    (shop / "features" / "scores.yaml").write_text(
        "entities: {player: {keys: {player: string}}}\n"
        "sources: {scores: {path: scores/*.csv, timestamp: at, columns: {player: string, points: int64, at: timestamp}}}\n"
        "views: {score: {entity: player, source: scores, window: 30d, features: {points: sum(points)}}}\n")
    scores = shop / "scores"
    scores.mkdir()
    (scores / "1.csv").write_text(f"player,points,at\nann,5,{rfc3339(minutes=9)}\n")
    ok(shop, "apply")
    asked = {"features": ["score:points"], "entities": {"player": ["ann"]}}
    with FeatureServer(shop, "--materialize-every", "1s") as server:
        eventually(lambda: server.post(OURS, asked).status == 200)
        assert server.post(OURS, asked).json["results"][1]["values"] == [5]
        (scores / "2.csv").write_text(f"player,points,at\nann,6,{rfc3339(minutes=8)}\n")
        eventually(lambda: server.post(OURS, asked).json["results"][1]["values"] == [11])
        assert server.stop() == 0


def test_answers_and_outcomes_are_kept(shop):
    definitions = shop / "features" / "all.yaml"
    definitions.write_text(definitions.read_text().replace(
        'ranking: {features: ["spend:*", "profile:age", "profile:city"]}',
        'ranking: {features: ["spend:*", "profile:age", "profile:city"], log: 1.0}'))
    ok(shop, "apply", "--author", "bob")
    with FeatureServer(shop) as server:
        served = server.post(OURS, {"feature_service": "ranking", "entities": {"user_id": [1, 77]}},
                             headers={"X-Request-Id": "asked-1"}).json
        # What is asked by names is no service's.
        assert server.post(OURS, GOOD, headers={"X-Request-Id": "asked-2"}).status == 200
        logged = server.post("/log", {"request_id": "asked-1", "outcome": {"bought": True}, "time": "2026-01-02T03:04:05Z"})
        assert logged.status == 202
        assert server.stop() == 0
    answers = ds.dataset(shop / "lake/feature_log/answers", partitioning="hive").to_table().to_pylist()
    assert [(row["__request_id"], row["__row"], row["user_id"]) for row in answers] == [("asked-1", 0, 1), ("asked-1", 1, 77)]
    names = served["metadata"]["feature_names"]
    for name, result in zip(names[1:], served["results"][1:]):
        assert [row[name] for row in answers] == result["values"], name
        assert [row[f"__status__{name}"] for row in answers] == result["statuses"], name
    assert answers[0]["__commit"] == served["metadata"]["commit"]
    assert answers[0]["service"] == "ranking"
    [outcome] = ds.dataset(shop / "lake/feature_log/outcomes", partitioning="hive").to_table().to_pylist()
    assert (outcome["request_id"], outcome["kind"]) == ("asked-1", "outcome")
    assert json.loads(outcome["value"]) == {"bought": True}


def test_the_metrics_page_counts(shop):
    with FeatureServer(shop) as server:
        for _ in range(3):
            assert server.post(OURS, GOOD).status == 200
        assert server.post(OURS, {"features": ["nothing:x"], "entities": {}}).status == 404
        page = server.get("/metrics").body.decode()
        counts = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
        assert counts['millrace_requests_total{route="/features",status="200"}'] == "3"
        assert counts['millrace_requests_total{route="/features",status="404"}'] == "1"
        assert counts['millrace_view_cells_total{view="profile",status="PRESENT"}'] == "3"
        assert counts['millrace_view_cells_total{view="profile",status="NULL_VALUE"}'] == "3"
        assert counts['millrace_view_store_reads_total{view="spend"}'] == "6"
        assert 250 < float(counts['millrace_view_freshness_seconds{view="spend"}']) < 1000
        assert counts["millrace_store_reachable"] == "1"
        assert server.stop() == 0


def test_who_asked_for_what_is_logged(shop):
    with FeatureServer(shop, "--log", shop / "log.jsonl") as server:
        server.post(OURS, GOOD, headers={"X-Request-Id": "asked-1"})
        server.post(OURS, b"{", headers={"X-Request-Id": "asked-2"})
        assert server.stop() == 0
    lines = [json.loads(line) for line in (shop / "log.jsonl").read_text().splitlines()]
    by_id = {line["request_id"]: line for line in lines if line["event"] == "request"}
    good, bad = by_id["asked-1"], by_id["asked-2"]
    assert (good["names"], good["entities"], good["status"], good["principal"]) == ("profile:age,spend:sum_30d", 2, 200, "loopback")
    assert (bad["status"], bad["code"], bad["route"]) == (400, "syntax_error", OURS)
    assert [line["event"] for line in lines if line["event"] != "request"] == ["started", "stopping", "stopped"]


def test_a_web_page_needs_a_token(shop):
    with FeatureServer(shop) as server:
        refused = server.post(OURS, GOOD, headers={"Origin": "http://somewhere.example"})
        assert (refused.status, refused.problem["code"]) == (403, "forbidden")
        assert server.get("/health", headers={"Origin": "http://somewhere.example"}).status == 200
        assert server.stop() == 0
