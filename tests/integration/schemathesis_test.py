"""Schemathesis against the running feature server: requests made from /openapi.json, good and bad ones, each answer held
against what the document says. About a minute, with a fixed seed, over an embedded store.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "servers"))
from feature_server import FeatureServer  # noqa: E402
from served_shop import make_shop, rfc3339  # noqa: E402

SEED = 20_260_101
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance", "negative_data_rejection", "unsupported_method"]
EXAMPLES = {"coverage": 1, "fuzzing": 60}  # of each route


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with FeatureServer(make_shop(tmp_path_factory.mktemp("served") / "shop")) as server:
        yield server
        assert server.stop() == 0, server.output()


def run(server: FeatureServer, folder: pathlib.Path, *arguments: object, document: object = None) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "schemathesis.cli", "run", document or f"{server.url}/openapi.json", "--url", server.url, "--seed",
               SEED, "--workers", 1, "--request-timeout", 20, "--no-color", *arguments]
    return subprocess.run(list(map(str, command)), cwd=folder, env=os.environ | {"HYPOTHESIS_STORAGE_DIRECTORY": str(folder)},
                          capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("phase", EXAMPLES)
def test_every_answer_is_as_the_document_says(server, tmp_path, phase):
    done = run(server, tmp_path, "--phases", phase, "--max-examples", EXAMPLES[phase], "--checks", ",".join(CHECKS))
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert server.process.poll() is None, server.output()


def several(items: dict, rows: int = 2) -> dict:
    return {"type": "array", "items": items, "minItems": rows, "maxItems": rows}


def closed(required: dict, **optional) -> dict:
    return {"type": "object", "required": list(required), "properties": required | optional, "additionalProperties": False}


def of_the_shop(document: dict) -> dict:
    """The same document, whose requests name what there is and are of its types: what remains is always answered."""
    ids = {"anyOf": [{"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}, {"enum": ["1", "2", 3.0]}, {"type": "null"}]}
    texts = {"type": ["string", "null"]}
    numbers = {"type": ["number", "null"], "minimum": -1e15, "maximum": 1e15}
    times = {"enum": [rfc3339(minutes=minutes) for minutes in (1, 20, 40)] + [rfc3339(minutes=3).removesuffix("Z")]}
    read = {
        "entities": closed({"user_id": several(ids), "item_id": several(texts), "asked": several(numbers)}),
        "full_feature_names": {"type": "boolean"},
    }
    features = {"type": "array", "minItems": 1, "maxItems": 4, "uniqueItems": True, "items": {
        "enum": ["spend:*", "spend:sum_1h", "sold:sold", "profile:age", "profile:joined", "shelf:tags", "shelf:price", "dear:dear",
                 "affinity:ratio", "affinity:senior", "total:purchases"]}}
    services = {"enum": ["ranking", "offers", "ranking@1"]}

    def reads(**more) -> dict:
        return {"anyOf": [closed(read | {"features": features}, **more), closed(read | {"feature_service": services}, **more)]}

    schemas = document["components"]["schemas"]
    schemas["FeastRead"] = reads()
    schemas["Read"] = reads(as_of={"anyOf": [times, {"type": "null"}, several(times)]})
    tags = {"type": ["array", "null"], "items": {"type": "string"}}
    schemas["Push"] = closed(
        {"push_source_name": {"const": "catalog"},
         "df": closed({"item_id": several(texts), "price": several(numbers), "tags": several(tags), "event_time": several(times)})},
        to={"enum": ["online", "offline", "online_and_offline", None]})
    # As Feast's client says them.
    created = {"anyOf": [times, {"enum": [None, "NaT"]}]}
    schemas["Write"] = closed(
        {"feature_view_name": {"const": "profile"},
         "df": closed({"user_id": several(ids), "age": several({"type": ["integer", "null"], "minimum": 0, "maximum": 2**53}),
                       "city": several(texts), "joined": several({"enum": [0, 1_795_741_200, -1, -(2**63), "NaT", None, "2025-01-31T10:30:00"]}),
                       "event_timestamp": several(times), "created": several(created)})})
    # A whole number of over 64 bits is none of ours, wherever it stands.
    schemas["Outcome"] = closed({"request_id": {"type": "string", "minLength": 1}, "outcome": {
        "anyOf": [ids["anyOf"][0], {"type": ["string", "boolean"]}, {"type": "array", "items": {"type": "string"}}]}})
    return document


def test_every_good_request_is_answered_as_the_document_says(server, tmp_path):
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(of_the_shop(server.get("/openapi.json").json)))
    before = server.output().count('"status":200')
    done = run(server, tmp_path, "--mode", "positive", "--phases", "fuzzing", "--max-examples", 60, "--include-path-regex",
               "features|push|write|log", "--checks", ",".join([*CHECKS, "positive_data_acceptance"]), document=document)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert server.output().count('"status":200') - before >= 200


def test_the_document_has_every_route(server):
    document = server.get("/openapi.json").json
    assert document["openapi"].startswith("3.")
    for path in ("/get-online-features", "/push", "/write-to-online-store", "/materialize", "/materialize-incremental", "/features", "/log"):
        assert "post" in document["paths"][path], path
    for path in ("/health", "/metrics"):
        assert "get" in document["paths"][path], path
