"""src/serve/routes/openapi.json: that it is OpenAPI, that its examples are what it says, and that it agrees
with the codes of the sources and with docs/serving.md. Needs no build; whether the server does what it says,
others test.
"""

import json
import os
import pathlib
import re

import jsonschema
import openapi_spec_validator
import pytest

ROOT = pathlib.Path(os.environ.get("MILLRACE_SOURCE_DIR", pathlib.Path(__file__).parent.parent))
DOCUMENT = json.loads((ROOT / "src/serve/routes/openapi.json").read_text())
OPERATIONS = [(path, method, operation) for path, methods in DOCUMENT["paths"].items()
              for method, operation in methods.items()]
FEAST = {"/get-online-features", "/push", "/write-to-online-store", "/materialize", "/materialize-incremental"}


def resolved(node):
    while "$ref" in node:
        at = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        node = at
    return node


def validator(schema) -> jsonschema.Draft202012Validator:
    """Of a schema of the document, whose references start at its root."""
    return jsonschema.Draft202012Validator(
        {"components": DOCUMENT["components"], "allOf": [schema]},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def problems(schema, value) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(schema).iter_errors(value)]


def body_of(path):
    return DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]


def test_it_is_openapi():
    openapi_spec_validator.validate(DOCUMENT)


def test_times_are_checked_by_the_validator():
    assert problems({"$ref": "#/components/schemas/Outcome"},
                    {"request_id": "a", "outcome": 1, "time": "yesterday"})


@pytest.mark.parametrize("path, method, operation", OPERATIONS)
def test_examples_are_what_the_schemas_say(path, method, operation):
    media = [operation["requestBody"]["content"]["application/json"]] if "requestBody" in operation else []
    for response in operation["responses"].values():
        media += resolved(response)["content"].values()
    for one in media:
        assert not problems(one["schema"], one["example"])


def test_examples_of_feasts_errors_hold_json():
    error = DOCUMENT["components"]["schemas"]["FeastError"]
    examples = [response["content"]["application/json"]["example"]
                for name, response in DOCUMENT["components"]["responses"].items() if name.startswith("Feast")]
    assert len(examples) == 8
    for example in examples:
        assert not problems(error["contentSchema"], json.loads(example))


def test_codes_are_those_of_the_sources():
    codes = re.findall(r'Code k\w+\{"(\w+)",\s*\d\}', (ROOT / "src/base/code.h").read_text())
    assert len(codes) > 30
    assert DOCUMENT["components"]["schemas"]["Code"]["enum"] == codes


@pytest.mark.parametrize("path, method, operation", OPERATIONS)
def test_errors_have_the_bodies_of_their_route(path, method, operation):
    ours, feasts = ({"$ref": f"#/components/schemas/{name}"} for name in ("Error", "FeastError"))
    statuses = set(operation["responses"])
    # What a connection may be answered with before a route sees the request is ours everywhere.
    assert {"400", "408", "413", "415", "417", "431", "500", "503", "505"} <= statuses
    for status in statuses - {"200", "202", "408", "415", "417", "431", "505"}:
        schema = resolved(operation["responses"][status])["content"]["application/json"]["schema"]
        among = schema.get("anyOf", [schema])
        before_a_route = status in ("400", "413", "500", "503")
        assert (feasts in among) == (path in FEAST), status
        assert (ours in among) == (path not in FEAST or before_a_route), status
    open_to_all = operation.get("security") == [{}]
    assert open_to_all == (path in ("/health", "/health/live", "/openapi.json"))
    assert ({"401", "403"} <= statuses) == (not open_to_all)
    assert ("422" in statuses) == (method == "post")


def test_every_answer_may_be_told_from_others():
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    for _, _, operation in OPERATIONS:
        assert sum(status.startswith("2") for status in operation["responses"]) == 1


U = {"user_id": ["u1"]}


@pytest.mark.parametrize("path, body", [
    ("/get-online-features", {"features": ["v:f"], "entities": U}),
    # What Feast's client sends.
    ("/get-online-features", {"entities": {"user_id": [1, 2]}, "full_feature_names": False,
                              "include_feature_view_version_metadata": False, "feature_service": "svc"}),
    ("/get-online-features", {"features": None, "feature_service": "s", "entities": U}),
    ("/get-online-features", {"features": ["global:f"]}),
    ("/features", {"features": ["v:*"], "entities": U, "as_of": "2025-01-31T10:30:00Z"}),
    ("/features", {"features": ["v:f"], "entities": U, "as_of": ["2025-01-31T10:30:00Z", None]}),
    ("/features", {"features": ["v:f"], "entities": U, "as_of": None}),
    ("/push", {"push_source_name": "s", "df": {}}),
    ("/write-to-online-store", {"feature_view_name": "v", "allow_registry_cache": False, "df": {
        "user_id": [1], "f": [0.5], "event_timestamp": ["2026-01-02T00:00:00"], "created": [None]}}),
    ("/materialize", {}),
    ("/materialize-incremental", {"end_ts": None, "feature_views": None}),
    ("/log", {"request_id": "a", "prediction": 0.5}),
    ("/log", {"request_id": "a", "outcome": {"x": None}, "prediction": None, "time": None}),
])
def test_bodies_that_are_taken(path, body):
    assert not problems(body_of(path)["schema"], body)


@pytest.mark.parametrize("path, body", [
    ("/get-online-features", []),
    ("/get-online-features", {"entities": U}),
    ("/get-online-features", {"features": [], "entities": U}),
    ("/get-online-features", {"features": ["v:f"], "feature_service": "s", "entities": U}),
    ("/get-online-features", {"features": None, "feature_service": None, "entities": U}),
    ("/get-online-features", {"features": "v:f", "entities": U}),
    ("/get-online-features", {"features": [1], "entities": U}),
    ("/get-online-features", {"features": ["v:f"], "entities": []}),
    ("/get-online-features", {"features": ["v:f"], "entities": {"user_id": "u1"}}),
    ("/get-online-features", {"features": ["v:f"], "entities": U, "full_feature_names": "yes"}),
    ("/features", {"features": ["v:f"], "entities": U, "as_of": 5}),
    ("/features", {"features": ["v:f"], "entities": U, "as_of": "yesterday"}),
    ("/features", {"features": ["v:f"], "entities": U, "as_of": ["yesterday"]}),
    ("/push", {"df": {}}),
    ("/push", {"push_source_name": "s"}),
    ("/push", {"push_source_name": "", "df": {}}),
    ("/push", {"push_source_name": "s", "df": {"a": 1}}),
    ("/push", {"push_source_name": "s", "df": {}, "to": "both"}),
    ("/write-to-online-store", {"feature_view_name": "v", "df": None}),
    ("/materialize", {"feature_views": "v"}),
    ("/materialize", {"start_ts": 5}),
    ("/log", {"request_id": "a"}),
    ("/log", {"prediction": 1}),
    ("/log", {"request_id": "a", "prediction": None}),
    ("/log", {"request_id": "a", "prediction": 1, "outcome": 2}),
])
def test_bodies_that_are_refused(path, body):
    assert problems(body_of(path)["schema"], body)


def test_the_guide_shows_every_route():
    guide = (ROOT / "docs/serving.md").read_text()
    shown = re.findall(r"^curl .*?localhost:6566(/[\w./-]*)", guide, re.MULTILINE)
    for path in DOCUMENT["paths"]:
        pattern = re.compile(re.sub(r"\{\w+\}", r"[\\w%:]+", path) + "$")
        assert any(pattern.match(one) for one in shown), path
    for path in shown:
        assert any(re.fullmatch(re.sub(r"\{\w+\}", r"[\\w%:]+", known), path) for known in DOCUMENT["paths"]), path
