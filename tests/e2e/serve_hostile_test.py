"""A feature server and clients that send what they should not: each is answered with a status, a body of the agreed shape and a
stable code, or is let go; nobody else notices. The server is one for all of this file, and is asked something sensible after
each test.
"""

import concurrent.futures
import contextlib
import json
import random
import re
import socket
import time

import pytest

from feature_server import FeatureServer, as_bytes, raw_request

FEAST, OURS = "/get-online-features", "/features"
GOOD = {"features": ["profile:age", "spend:sum_30d"], "entities": {"user_id": [1, 2]}}
EXPECTED = [[1, 2], [30, None], [10.0, 20.0]]
MANY = 2_000_000  # entities, in fewer bytes than a body may have


def values(answer) -> list:
    assert answer.status == 200, answer.body
    return [column["values"] for column in answer.json["results"]]


@pytest.fixture(autouse=True)
def alive(served):
    yield
    assert served.process.poll() is None, served.output()
    assert values(served.post(FEAST, GOOD, timeout=10)) == EXPECTED


def refused(served: FeatureServer, path: str, body, status: int, code: str, **options) -> str:
    """What it says of the problem."""
    answer = served.post(path, body, **options)
    shown = as_bytes(body)[:200]
    assert answer.status == status, (shown, answer.status, answer.body[:500])
    assert answer.headers["Content-Type"] == "application/json"
    assert isinstance(answer.json, str) == (path != OURS), answer.body[:500]
    problem = answer.problem
    assert problem["code"] == code, (shown, problem)
    assert problem["detail"] and len(problem["detail"]) < 2_000, problem
    return problem["detail"]


def ask(entities=None, features=None, **more) -> dict:
    return {"features": features or ["profile:age"], "entities": {"user_id": [1]} if entities is None else entities} | more


# --- what is no JSON ---------------------------------------------------------------------------------------

TEXT = json.dumps(GOOD).encode()
MALFORMED = {
    "nothing": b"",
    "spaces": b" \n ",
    "a word": b"tru",
    "behind it": TEXT + b"x",
    "two of them": TEXT + TEXT,
    "a brace too many": TEXT + b"}",
    "NaN": TEXT.replace(b"[1, 2]", b"[NaN]"),
    "Infinity": TEXT.replace(b"[1, 2]", b"[-Infinity]"),
    "a leading zero": TEXT.replace(b"[1, 2]", b"[01]"),
    "a plus": TEXT.replace(b"[1, 2]", b"[+1]"),
    "no digit behind the point": TEXT.replace(b"[1, 2]", b"[1.]"),
    "hexadecimal": TEXT.replace(b"[1, 2]", b"[0x1]"),
    "a comma behind the last": TEXT.replace(b"[1, 2]", b"[1, 2,]"),
    "no comma": TEXT.replace(b"[1, 2]", b"[1 2]"),
    "a word for a value": TEXT.replace(b"[1, 2]", b"[tru]"),
    "single quotes": TEXT.replace(b'"', b"'"),
    "a comment": b"/* */" + TEXT,
    "a raw line feed in a string": TEXT.replace(b"profile:age", b"profile\nage"),
    "an escape that is none": TEXT.replace(b"profile:age", b"profile\\qage"),
    "half an escape": TEXT.replace(b"profile:age", b"profile\\u12"),
    "no UTF-8": TEXT.replace(b"profile:age", b"profile\xff\xfe"),
    "overlong UTF-8": TEXT.replace(b"profile:age", b"profile\xc0\xaf"),
    "a surrogate in UTF-8": TEXT.replace(b"profile:age", b"profile\xed\xa0\x80"),
    "half a surrogate pair": TEXT.replace(b"profile:age", b"profile\\ud800"),
    "a NUL": TEXT.replace(b"{", b"\0{", 1),
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "deep lists": b'{"features": ' + b"[" * 100_000,
    "deep lists, closed": b'{"features": ' + b"[" * 100_000 + b"]" * 100_000 + b', "entities": {}}',
    "deep objects": b'{"entities": ' + b'{"a": ' * 100_000 + b"1" + b"}" * 100_001,
}


@pytest.mark.parametrize("path", [FEAST, OURS, "/push", "/write-to-online-store", "/materialize", "/materialize-incremental", "/log"])
@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_json(served, name, path):
    if path == "/log":
        answer = served.post(path, MALFORMED[name])
        assert (answer.status, answer.problem["code"]) == (400, "syntax_error")
    else:
        refused(served, path, MALFORMED[name], 400, "syntax_error")


@pytest.mark.parametrize("path", [FEAST, OURS])
def test_json_that_ends_early(served, path):
    with contextlib.closing(served.connection()) as connection:
        for end in range(1, len(TEXT)):
            connection.request("POST", path, TEXT[:end])
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 400, (TEXT[:end], body)


def test_random_changes_of_a_good_request(served):
    """Whatever they make of it: an answer, or the client's mistake."""
    draw = random.Random(7)
    with contextlib.closing(served.connection()) as connection:
        for _ in range(1_000):
            text = bytearray(TEXT)
            for _ in range(draw.randint(1, 4)):
                at = draw.randrange(len(text))
                text[at:at + draw.randint(0, 2)] = draw.choice([b"", b'"', b"[", b"}", b"1e999", b"\\", b"null", bytes([draw.randrange(256)])])
            connection.request("POST", draw.choice([FEAST, OURS, "/push"]), bytes(text))
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status in (200, 400, 404, 422), (bytes(text), answer.status, body)


# --- JSON of another kind ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize(
    "body",
    [
        None, True, 1, "x", [], [GOOD],
        ask() | {"features": "profile:age"},
        ask() | {"features": {"profile": "age"}},
        ask() | {"features": 1},
        ask(features=[1]),
        ask(features=[None]),
        ask(features=[["profile:age"]]),
        ask(features=["profile:age", {}]),
        ask() | {"entities": [{"user_id": 1}]},
        ask() | {"entities": "user_id"},
        ask({"user_id": 1}),
        ask({"user_id": "1"}),
        ask({"user_id": {"a": 1}}),
        ask({"user_id": None}),
        ask({"user_id": [[1]]}),
        ask({"user_id": [{"a": 1}]}),
        ask({"user_id": [True]}),
        ask({"user_id": [1], "item_id": [["a"]]}, features=["shelf:price"]),
        ask({"user_id": [1], "asked": [[1.0]]}, features=["affinity:ratio"]),
        ask(full_feature_names="yes"),
        ask(full_feature_names=1),
        {"feature_service": 1, "entities": {"user_id": [1]}},
        {"feature_service": ["ranking"], "entities": {"user_id": [1]}},
        {"feature_service": {}, "entities": {"user_id": [1]}},
    ],
    ids=lambda body: json.dumps(body)[:60],
)
def test_json_of_another_kind(served, path, body):
    refused(served, path, body, 422, "bad_value")


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize("body", [{}, {"entities": {"user_id": [1]}}, {"features": [], "entities": {"user_id": [1]}},
                                  {"features": ["profile:age"], "feature_service": "ranking", "entities": {"user_id": [1]}},
                                  {"feature_service": "", "entities": {"user_id": [1]}}], ids=json.dumps)
def test_names_that_are_not_there_or_there_in_two_ways(served, path, body):
    refused(served, path, body, 422, "bad_value")


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize("more", [{"nobody_knows": [1, {"x": None}]}, {"include_feature_view_version_metadata": False},
                                  {"full_feature_names": None}, {"feature_service": None}], ids=json.dumps)
def test_fields_that_nobody_knows_are_left_out(served, path, more):
    assert values(served.post(path, GOOD | more)) == EXPECTED


@pytest.mark.parametrize("path", [FEAST, OURS])
def test_a_field_twice(served, path):
    """Parsers disagree about the first and the last: so it is no request."""
    twice = b'{"features": ["profile:age"], "features": ["profile:city"], "entities": {"user_id": [1]}}'
    refused(served, path, twice, 422, "bad_value")
    twice = b'{"features": ["profile:age"], "entities": {"user_id": [1], "user_id": [2]}}'
    refused(served, path, twice, 422, "bad_value")


# --- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (ask(features=["nix:age"]), "nix"),
        (ask(features=["profil:age"]), "profile"),
        (ask(features=["profile:agee"]), "'age'"),
        (ask(features=["profile:age", "nix:a", "nix:b"]), "nix"),
        (ask(features=["nix:*"]), "nix"),
        ({"feature_service": "nix", "entities": {"user_id": [1]}}, "nix"),
        ({"feature_service": "rankin", "entities": {"user_id": [1]}}, "ranking"),
        (ask(features=["pröfile:age"]), "profile"),
        (ask(features=["x" * 5_000_000 + ":y"]), "x"),
        (ask(features=["x" * 5_000 + ":y"] * 999), "x"),
        (ask(features=[f"profile:age{i}" for i in range(999)]), "'age'"),
    ],
    ids=lambda value: json.dumps(value)[:50],
)
def test_unknown_names(served, path, body, says):
    assert says in refused(served, path, body, 404, "unknown_name")


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize("name", ["age", "", ":", "profile:", ":age", "a:b:c", "profile age"])
def test_what_is_no_name_of_a_feature(served, path, name):
    answer = served.post(path, ask(features=[name]))
    assert (answer.status, answer.problem["code"]) in {(422, "usage"), (422, "bad_value"), (404, "unknown_name")}, answer.body


@pytest.mark.parametrize("path", [FEAST, OURS])
def test_a_feature_twice_is_one_column_beside_its_key(served, path):
    twice = ask({"user_id": [1], "item_id": ["a"]}, features=["shelf:price", "shelf:price"])
    assert values(served.post(path, twice)) == [["a"], [9.5]]


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize(("version", "status", "code"), [("999", 404, "unknown_name"), ("0", 422, "usage"), ("x", 422, "usage"),
                                                         ("-1", 422, "usage"), ("9" * 50, 422, "usage")])
def test_versions_that_are_not_there(served, path, version, status, code):
    refused(served, path, {"feature_service": f"ranking@{version}", "entities": {"user_id": [1]}}, status, code)


# --- keys ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize("key", ["1", 1.0, "1.0", " 1"], ids=repr)
def test_keys_are_read_by_their_type_where_nothing_is_lost(served, path, key):
    assert values(served.post(path, ask({"user_id": [key]}))) == [[1], [30]]


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize("key", ["1.5", "x", "", "0x1", "1 2", "true", "9223372036854775808", "-9223372036854775809", "1e400"])
def test_texts_that_are_no_int64(served, path, key):
    assert "user_id" in refused(served, path, ask({"user_id": [1, key]}), 422, "bad_value")


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("1.5", 422, "bad_value"),
        ("1e30", 422, "bad_value"),
        ("9223372036854775808", 422, "bad_value"),
        ("18446744073709551615", 422, "bad_value"),
        ("-9223372036854775809", 400, "syntax_error"),
        ("1" + "0" * 30, 400, "syntax_error"),  # beyond 64 bits, or beyond float64
        ("1" * 100_000, 400, "syntax_error"),
        ("1e400", 400, "syntax_error"),
        ("-1e400", 400, "syntax_error"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_numbers_that_are_no_int64(served, path, number, status, code):
    refused(served, path, b'{"features": ["profile:age"], "entities": {"user_id": [%s]}}' % number.encode(), status, code)


@pytest.mark.parametrize("path", [FEAST, OURS])
def test_keys_of_text(served, path):
    for key in ["", "a\0b", "\U0001f6b2", "x" * 10_000, 'a"b\\', "a:b", "{}"]:
        assert values(served.post(path, ask({"item_id": [key]}, features=["shelf:price"]))) == [[key], [None]]
    assert values(served.post(path, ask({"item_id": [5]}, features=["shelf:price"]))) == [["5"], [None]]


@pytest.mark.parametrize("path", [FEAST, OURS])
def test_null_keys_find_nothing(served, path):
    answer = served.post(path, ask({"user_id": [None, 1]}))
    assert values(answer) == [[None, 1], [None, 30]]
    assert answer.json["results"][1]["statuses"] == ["NOT_FOUND", "PRESENT"]


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (ask({}), "user_id"),
        (ask() | {"entities": None}, "user_id"),
        ({"features": ["profile:age"]}, "user_id"),
        (ask({"item_id": ["a"]}), "user_id"),
        (ask({"USER_ID": [1]}), "user_id"),
        (ask({"user_id": [1]}, features=["profile:age", "shelf:price"]), "item_id"),
        (ask({"user_id": [1]}, features=["affinity:ratio"]), "asked"),
        ({"feature_service": "offers", "entities": {"asked": [1.0]}}, "item_id"),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_missing_keys_and_request_fields(served, path, body, says):
    assert says in refused(served, path, body, 422, "missing_column")


@pytest.mark.parametrize("path", [FEAST, OURS])
@pytest.mark.parametrize(("users", "items"), [([1, 2], ["a"]), ([1], ["a", "b"]), ([1], []), ([], ["a"])])
def test_columns_of_unequal_length(served, path, users, items):
    body = ask({"user_id": users, "item_id": items}, features=["profile:age", "shelf:price"])
    refused(served, path, body, 422, "bad_value")


@pytest.mark.parametrize("path", [FEAST, OURS])
def test_no_rows(served, path):
    assert values(served.post(path, ask({"user_id": []}))) == [[], []]
    assert values(served.post(path, {"feature_service": "ranking", "entities": {"user_id": []}})) == [[]] * 7


@pytest.mark.parametrize("path", [FEAST, OURS])
def test_too_much(served, path):
    refused(served, path, ask({"user_id": [1] * MANY}), 413, "too_large")
    refused(served, path, ask(features=["profile:age"] * 400_000), 413, "too_large")
    answer = served.post(path, b" " * (9 << 20) + TEXT)  # nobody has looked for whom it is
    assert (answer.status, answer.json["code"]) == (413, "too_large")


@pytest.mark.parametrize("as_of", ["x", "", 1, True, {}, ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"], [], [None, 1], "2026-13-01T00:00:00Z"],
                         ids=json.dumps)
def test_as_of_that_is_none(served, as_of):
    answer = served.post(OURS, ask(as_of=as_of))
    assert (answer.status, answer.problem["code"]) == (422, "bad_value"), answer.body


@pytest.mark.parametrize("as_of", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_as_of_out_of_range(served, as_of):
    refused(served, OURS, ask(features=["spend:sum_1h"], as_of=as_of), 422, "as_of_out_of_range")


# --- writing ---------------------------------------------------------------------------------------------------

ROW = {"user_id": [50], "age": [1], "city": ["x"], "joined": [None], "event_time": ["2026-01-01T00:00:00Z"]}


def push(df, **more) -> dict:
    return {"push_source_name": "profiles", "df": df, "to": "online"} | more


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (push(ROW, push_source_name="nix"), 404, "unknown_name"),
        (push(ROW, push_source_name="profile"), 404, "unknown_name"),  # a view
        (push(ROW, push_source_name=1), 422, "bad_value"),
        (push(ROW, to="sideways"), 422, "bad_value"),
        (push(ROW, to=1), 422, "bad_value"),
        (push([]), 422, "bad_value"),
        (push("x"), 422, "bad_value"),
        (push({"user_id": 1}), 422, "bad_value"),
        (push(ROW | {"age": [1, 2]}), 422, "bad_value"),
        (push(ROW | {"age": ["old"]}), 422, "bad_value"),
        (push(ROW | {"age": [1.5]}), 422, "bad_value"),
        (push(ROW | {"age": [{}]}), 422, "bad_value"),
        (push(ROW | {"event_time": ["yesterday"]}), 422, "bad_value"),
        (push(ROW | {"event_time": [None]}), 422, "bad_value"),
        (push({key: value for key, value in ROW.items() if key != "event_time"}), 422, "bad_value"),
        ({"df": ROW}, 422, "missing_field"),
        ({"push_source_name": "profiles"}, 422, "missing_field"),
        ({}, 422, "missing_field"),
        ([], 422, "bad_value"),
    ],
    ids=lambda value: json.dumps(value)[-70:],
)
def test_pushes_that_are_none(served, body, status, code):
    refused(served, "/push", body, status, code)
    assert values(served.post(FEAST, ask({"user_id": [50]}))) == [[50], [None]]


@pytest.mark.parametrize(
    ("view", "df", "status", "code"),
    [
        ("nix", {}, 404, "unknown_name"),
        ("profiles", {}, 404, "unknown_name"),  # a source
        ("spend", {"user_id": [1]}, 422, "view_not_writable"),
        ("dear", {"item_id": ["a"]}, 422, "view_not_writable"),
        ("affinity", {"user_id": [1]}, 422, "view_not_writable"),
        ("total", {}, 422, "view_not_writable"),
        (1, {}, 422, "bad_value"),
        ("profile", [], 422, "bad_value"),
        ("profile", {"user_id": [51, 52], "age": [1], "event_timestamp": ["2026-01-01T00:00:00"] * 2}, 422, "bad_value"),
        ("profile", {"user_id": [51], "age": ["x"], "event_timestamp": ["2026-01-01T00:00:00"]}, 422, "bad_value"),
        ("profile", {"user_id": [51], "age": [1], "event_timestamp": ["soon"]}, 422, "bad_value"),
        ("profile", {"user_id": [51], "age": [1]}, 422, "bad_value"),  # at no time
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_writes_that_are_none(served, view, df, status, code):
    refused(served, "/write-to-online-store", {"feature_view_name": view, "df": df}, status, code)
    assert values(served.post(FEAST, ask({"user_id": [51]}))) == [[51], [None]]


@pytest.mark.parametrize("path", ["/materialize", "/materialize-incremental"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"end_ts": "2026-01-01T00:00:00", "start_ts": "2025-01-01T00:00:00", "feature_views": ["nix"]}, 404, "unknown_name"),
        ({"end_ts": "soon", "start_ts": "2025-01-01T00:00:00"}, 422, "bad_value"),
        ({"end_ts": 1, "start_ts": "2025-01-01T00:00:00"}, 422, "bad_value"),
        ({"end_ts": "2026-01-01T00:00:00", "start_ts": "2025-01-01T00:00:00", "feature_views": "profile"}, 422, "bad_value"),
        ({"end_ts": "2026-01-01T00:00:00", "start_ts": "2025-01-01T00:00:00", "feature_views": [1]}, 422, "bad_value"),
        ([], 422, "bad_value"),
    ],
    ids=lambda value: json.dumps(value)[:70],
)
def test_materialize_of_what_is_not_there(served, path, body, status, code):
    refused(served, path, body, status, code)


# --- HTTP ------------------------------------------------------------------------------------------------------


def talk(served: FeatureServer, *parts: bytes, pause: float = 0.0, half_close: bool = False, timeout: float = 30) -> bytes:
    """Everything that comes back until the server closes, or is silent for a second after something came."""
    with socket.create_connection((served.host, served.port), timeout=timeout) as connection:
        try:
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was refused before it was all sent
        received = b""
        with contextlib.suppress(OSError):
            while piece := connection.recv(65_536):
                received += piece
                connection.settimeout(1)
        return received


def statuses(received: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


BROKEN = {
    "no request line": b"\r\n\r\nhello\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
    "no version": b"GET /health\r\n\r\n",
    "a version to come": b"GET /health HTTP/7.0\r\nHost: x\r\n\r\n",
    "no length and no chunks": b"POST /features HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n{}",
    "a negative length": b"POST /features HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
    "two lengths": b"POST /features HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a length and chunks": b"POST /features HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another encoding": b"POST /features HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a chunk without a length": b"POST /features HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a field without a colon": b"GET /health HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    "a field with a space before the colon": b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n",
    "a NUL in a field": b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_http(served, name):
    received = talk(served, BROKEN[name])
    assert statuses(received) in ([505] if name == "a version to come" else [400], []), received
    head, _, body = received.partition(b"\r\n\r\n")
    if received:
        assert b"connection: close" in head.lower()
        said = json.loads(body)
        assert set(said) == {"detail", "code"}, body


def test_a_target_and_a_header_that_are_too_long(served):
    assert statuses(talk(served, b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")) in ([414], [431])
    many = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 100) for i in range(1_000))
    assert statuses(talk(served, b"GET /health HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n")) == [431]


def test_a_body_that_is_announced_too_large(served):
    for length in (b"999999999999", b"99999999999999999999999999"):
        received = talk(served, b"POST /features HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n{")
        assert statuses(received) in ([413], [400]), received
    chunks = b"".join(b"100000\r\n" + b" " * 0x100000 + b"\r\n" for _ in range(9))
    received = talk(served, b"POST /features HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", chunks)
    assert statuses(received)[:1] in ([413], []), received[:300]


def test_chunks_are_put_together(served):
    chunks = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in TEXT) + b"0\r\n\r\n"
    received = talk(served, b"POST /features HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n", chunks)
    assert statuses(received) == [200]


def test_requests_that_do_not_wait_for_answers(served):
    pieces = [raw_request("POST", OURS, as_bytes(ask({"user_id": [user]}))) for user in (1, 3, 1, 404)]
    pieces.append(raw_request("GET", "/nowhere", headers={"Connection": "close"}))
    received = talk(served, b"".join(pieces))
    assert statuses(received) == [200, 200, 200, 200, 404]
    found = [json.loads(part.partition(b"\r\n\r\n")[2])["results"][1]["values"] for part in received.split(b"HTTP/1.1 200")[1:4]]
    assert found == [[30], [70], [30]]


def test_a_request_in_single_bytes(served):
    whole = raw_request("POST", FEAST, TEXT, {"Connection": "close"})
    received = talk(served, *(bytes([byte]) for byte in whole), pause=0.001)
    assert statuses(received) == [200]


def test_a_client_that_sends_no_more_is_answered(served):
    assert statuses(talk(served, raw_request("POST", FEAST, TEXT), half_close=True)) == [200]


def test_a_client_that_leaves_in_the_middle(served):
    whole = raw_request("POST", FEAST, TEXT)
    for end in range(1, len(whole), 7):
        received = talk(served, whole[:end], half_close=True)
        assert statuses(received) in ([], [400]), whole[:end]


def test_clients_that_do_not_wait_for_their_answer(served):
    large = raw_request("POST", FEAST, as_bytes(ask({"user_id": list(range(1_000))}, features=["spend:sum_30d"])))
    for _ in range(200):
        with socket.create_connection((served.host, served.port)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset
            connection.sendall(large)


def test_slow_clients_hold_up_nobody(served):
    whole = raw_request("POST", FEAST, TEXT)
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection((served.host, served.port))) for _ in range(300)]
        for i, connection in enumerate(slow):
            connection.sendall(whole[: i % len(whole)])
        begin = time.monotonic()
        for _ in range(50):
            assert values(served.post(FEAST, GOOD)) == EXPECTED
        assert time.monotonic() - begin < 5
        for i, connection in enumerate(slow):
            connection.sendall(whole[i % len(whole):])
        for connection in slow:
            connection.settimeout(30)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_header_that_never_ends_is_ended(served):
    begin = time.monotonic()
    received = talk(served, b"GET /health HTTP/1.1\r\nHost: x\r\n", timeout=60)
    assert statuses(received) in ([408], [])
    assert 2 < time.monotonic() - begin < 40


@pytest.mark.parametrize("path", ["/", "/nowhere", "/get-online-features/", "/Get-Online-Features", "/features/../health", "//health",
                                  "/registry/../../../../etc/passwd", "/%2e%2e/etc/passwd", "/health%00", "/metricsx", "/openapi.json.bak"])
def test_unknown_routes(served, path):
    answer = served.get(path)
    assert answer.status == 404, (path, answer.body[:200])
    assert answer.problem["code"] == "unknown_name"
    assert served.post(path, GOOD).status in (404, 405)  # what is below /registry/ is asked by GET


@pytest.mark.parametrize(("method", "path"), [("GET", FEAST), ("PUT", FEAST), ("DELETE", OURS), ("PATCH", "/push"), ("POST", "/health"),
                                              ("DELETE", "/metrics"), ("BREW", "/health"), ("TRACE", OURS)])
def test_methods_that_a_route_does_not_have(served, method, path):
    answer = served.ask(method, path)
    assert answer.status == 405, answer.body[:200]
    assert answer.headers["Allow"]
    assert answer.problem["code"] == "method_not_allowed"


def test_head_has_no_body(served):
    received = talk(served, b"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n" + raw_request("GET", "/health", headers={"Connection": "close"}))
    assert statuses(received) == [200, 200]
    assert received.count(b"\r\n\r\n") == 2
    assert received.split(b"\r\n\r\n")[1].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "x" * 1_000])
def test_json_is_read_whatever_it_calls_itself(served, kind):
    assert values(served.post(FEAST, GOOD, headers={"Content-Type": kind} if kind else {})) == EXPECTED


def test_a_client_that_asks_before_it_sends(served):
    head = raw_request("POST", FEAST, b"", {"Expect": "100-continue", "Connection": "close"}).replace(
        b"Content-Length: 0", b"Content-Length: %d" % len(TEXT))
    with socket.create_connection((served.host, served.port), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(1_000).startswith(b"HTTP/1.1 100")
        connection.sendall(TEXT)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("request_id", ["abc-1", "", "x" * 5_000, "a\xff\xfe", '"}{', "\t a \t"])
def test_request_ids_of_every_kind(served, request_id):
    answer = served.post(OURS, GOOD, headers={"X-Request-Id": request_id.encode("latin-1")})
    kept = answer.json["metadata"]["request_id"]
    assert values(answer) == EXPECTED and len(kept) <= 5_000
    if request_id == "abc-1":
        assert kept == request_id


# --- others -----------------------------------------------------------------------------------------------------


def test_an_error_says_nothing_of_other_requests(served):
    """Clients at once, each with words of its own in what it sends."""

    def client(number: int) -> list[str]:
        draw, wrong = random.Random(number), []
        mark = f"mark{number:04}z"
        bodies = [ask(features=[f"{mark}:age"]), ask(features=[f"profile:{mark}"]), ask({"user_id": [mark]}), ask({mark: [1]}),
                  push({"user_id": [1], "age": [mark], "event_time": [mark]}), push(ROW, push_source_name=mark),
                  {"feature_service": mark, "entities": {}}, f'{{"features": ["{mark}'.encode()]
        with contextlib.closing(served.connection()) as connection:
            for _ in range(60):
                body = draw.choice(bodies)
                path = "/push" if isinstance(body, dict) and "df" in body else draw.choice([FEAST, OURS])
                connection.request("POST", path, as_bytes(body))
                answer = connection.getresponse()
                text = answer.read().decode()
                if answer.status not in (400, 404, 422) or "mark" in text.replace(mark, ""):
                    wrong.append(f"{body} {answer.status} {text}")
        return wrong

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert [problem for wrong in pool.map(client, range(16)) for problem in wrong] == []


def test_many_connections_at_once(served):
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(contextlib.closing(served.connection())) for _ in range(500)]
        for connection in connections:
            connection.request("POST", FEAST, TEXT)
        for connection in connections:
            answer = connection.getresponse()
            assert (answer.status, len(json.loads(answer.read())["results"])) == (200, 3)
