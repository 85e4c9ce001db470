"""Feast's own SDK as a client of `millrace serve` (`online_store: {type: remote}`), beside Feast with a store of its own over
the same files: the same values under the same names, what it writes is read back, and errors are its own exceptions. Where the
two differ, a test says so by its name. Feast is in a venv of its own (./dev setup).
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "servers"))
from feature_server import BINARY, FeatureServer  # noqa: E402

PYTHON = pathlib.Path(os.environ.get("MILLRACE_FEAST_PYTHON", ROOT / ".cache" / "feast" / "bin" / "python"))
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
TIME = pa.timestamp("us", "UTC")
ALWAYS = {"start": "2020-01-01T00:00:00+00:00", "end": "2100-01-01T00:00:00+00:00"}

# The names are those of feast_client.py; `spend` is of the same name and of another kind there.
DEFINITIONS = """
entities:
  user: {keys: {user_id: int64}}
  item: {keys: {item_id: string}}
sources:
  profiles: {path: "profiles/*.parquet", timestamp: event_time, created: known_at}
  catalog: {path: "catalog/*.parquet", timestamp: event_time, created: known_at}
  reports: {timestamp: at, timestamp_unit: ms, columns: {user_id: int64, at: int64, city: string}}
views:
  user_profile: {entity: user, source: profiles, features: [age, level, score, ratio, active, city, joined, taste, avatar]}
  user_fresh: {entity: user, source: profiles, ttl: 30d, features: [age, city]}
  user_report: {entity: user, source: reports, features: [city]}
  item_catalog: {entity: item, source: catalog, features: [price, stock, age, tags]}
  spend: {entity: user, source: profiles, window: 30d, features: {age: max(age)}}
services:
  for_user: {features: ["user_profile:age", "user_profile:score", "user_profile:taste"]}
  for_both: {features: ["user_profile:city", "user_profile:score", "item_catalog:price", "item_catalog:tags"]}
"""


def ago(days: float) -> datetime.datetime:
    return NOW - datetime.timedelta(days=days)


def profile(user_id, days, known=None, **values):
    nothing = dict.fromkeys(("age", "level", "score", "ratio", "active", "city", "joined", "taste", "avatar"))
    return nothing | {"user_id": user_id, "event_time": ago(days), "known_at": ago(days if known is None else known)} | values


PROFILES = [
    profile(1, 5, age=30, level=1, score=1.0, ratio=0.5, active=True, city="Oslo", joined=ago(400), taste=[1.0], avatar=b"a"),
    profile(1, 3, age=31, level=2, score=3.0, ratio=2.0, active=False, city="Zürich \U0001f6b2", joined=ago(401), taste=[1.0, 2.5],
            avatar=b"\x00\xff"),
    profile(1, 9, age=29, level=0, score=9.0, city="older, and written later"),
    profile(2, 2, score=0.1, ratio=0.1, city=""),
    profile(3, 90, age=9, level=-5, score=1e300, ratio=1e-10, active=True, city='x"\\\n', taste=[1e20, 0.1, -1.0], avatar=b"zz"),
    profile(4, 4, known=1, age=41, score=0.0, city="said again"),  # of one time, known later
    profile(4, 4, known=3, age=40, score=5e-324, city="said"),
    profile(2**53 + 1, 1, age=2**53 - 1, level=2**31 - 1, score=123456789012345680.0, joined=ago(0.5)),
    profile(-7, 1, age=-(2**52), level=-(2**31), score=1e22, city="-7"),
]
LATER = [
    profile(1, 1, age=32, level=3, score=4.0, city="moved"),
    profile(5, 1, age=50, city="new"),
    profile(4, 30, age=1, city="too late"),
]
CATALOG = [("a", 9, 9.0, 1, 1, ["x"]), ("b", 8, 0.1, 2, None, ["ü", ""]), ("a", 7, 10.0, 3, 2, ["y", "z"])]

PROFILE_TYPES = {"user_id": pa.int64(), "event_time": TIME, "known_at": TIME, "age": pa.int64(), "level": pa.int32(),
                 "score": pa.float64(), "ratio": pa.float32(), "active": pa.bool_(), "city": pa.string(), "joined": TIME,
                 "taste": pa.list_(pa.float64()), "avatar": pa.binary()}
USERS = [1, 2, 3, 4, 2**53 + 1, -7, 404]


def write_profiles(folder: pathlib.Path, name: str, rows: list[dict]) -> None:
    (folder / "profiles").mkdir(exist_ok=True)
    columns = {key: pa.array([row[key] for row in rows], kind) for key, kind in PROFILE_TYPES.items()}
    pq.write_table(pa.table(columns), folder / "profiles" / f"{name}.parquet")


def write_catalog(folder: pathlib.Path) -> None:
    (folder / "catalog").mkdir()
    items, days, prices, stocks, ages, tags = zip(*CATALOG)
    times = pa.array([ago(day) for day in days], TIME)
    pq.write_table(pa.table({"item_id": list(items), "price": list(prices), "stock": list(stocks), "age": pa.array(ages, pa.int64()),
                             "tags": list(tags), "event_time": times, "known_at": times}), folder / "catalog" / "1.parquet")


class Client:
    """feast_client.py, asked a call at a time."""

    def __init__(self, folder: pathlib.Path):
        assert PYTHON.exists(), f"no Feast at {PYTHON}: run ./dev setup"
        self.log = folder / "feast.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen([PYTHON, ROOT / "tests/integration/feast_client.py", folder], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def call(self, do: str, store: str, **what) -> dict:
        self.process.stdin.write(json.dumps({"do": do, "store": store} | what) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.log.read_text()
        return json.loads(answer)

    def value(self, do: str, store: str, **what):
        answer = self.call(do, store, **what)
        assert "value" in answer, answer
        return answer["value"]

    def error(self, do: str, store: str, **what) -> tuple[str, str]:
        answer = self.call(do, store, **what)
        assert "error" in answer, answer
        return f"{answer['error']['module']}.{answer['error']['class']}", answer["error"]["message"]

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    write_profiles(folder, "1", PROFILES)
    write_catalog(folder)
    (folder / "features").mkdir()
    (folder / "features" / "all.yaml").write_text(DEFINITIONS)
    (folder / "millrace.yaml").write_text("project: shop\nonline: lmdb:./online\n")
    for command in (["apply", "--author", "ann"], ["materialize"]):
        subprocess.run([BINARY, "--project", folder, *command], check=True, timeout=120, stdin=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="module")
def feast(folder):
    """The client, whose store in SQLite is filled."""
    client = Client(folder)
    client.value("materialize", "local", **ALWAYS)
    yield client
    client.stop()


@pytest.fixture(scope="module")
def url(folder):
    with FeatureServer(folder) as server:
        yield server.url
        assert server.stop() == 0, server.output()


def typed(value):
    """With the types of JSON: 1, 1.0 and true are three values, and so are 0.0 and -0.0."""
    if isinstance(value, list):
        return [typed(each) for each in value]
    return type(value).__name__, repr(value)


def both(feast: Client, url: str, **what) -> tuple[dict, dict]:
    return feast.value("get", "local", **what), feast.value("get", url, **what)


def rows_of(users=tuple(USERS), items=()):
    if not items:
        return [{"user_id": user} for user in users]
    return [{"user_id": user, "item_id": item} for user, item in zip(users, items)]


def expect_same(ours: dict, feasts: dict) -> None:
    assert set(ours) == set(feasts)
    for name in feasts:
        assert typed(ours[name]) == typed(feasts[name]), name


# --- reading ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("feature", ["age", "level", "score", "ratio", "active", "city", "joined", "taste", "avatar"])
def test_values_of_each_type_are_the_same(feast, url, feature):
    feasts, ours = both(feast, url, features=[f"user_profile:{feature}"], rows=rows_of())
    expect_same(ours, feasts)
    assert any(value is not None for value in ours[feature])


@pytest.mark.parametrize("full_names", [False, True])
@pytest.mark.parametrize("service", ["for_user", "for_both"])
def test_services_give_the_same(feast, url, service, full_names):
    rows = rows_of(items=["a", "b", "a", "404", "b", "a", "a"] if service == "for_both" else ())
    feasts, ours = both(feast, url, service=service, rows=rows, full_feature_names=full_names)
    expect_same(ours, feasts)
    assert ("user_profile__score" if full_names else "score") in ours


def test_several_views_under_full_names(feast, url):
    what = {"features": ["user_profile:age", "item_catalog:age", "item_catalog:stock", "user_profile:city"],
            "rows": rows_of([1, 404, 4], ["b", "a", "404"]), "full_feature_names": True}
    feasts, ours = both(feast, url, **what)
    expect_same(ours, feasts)
    assert list(ours) == ["user_id", "item_id", "user_profile__age", "item_catalog__age", "item_catalog__stock",
                          "user_profile__city"]  # Feast has an order of its own


def test_many_rows_in_their_order(feast, url):
    users = [USERS[i * i % len(USERS)] for i in range(2_000)]
    feasts, ours = both(feast, url, features=["user_profile:age", "user_profile:score"], rows=rows_of(users))
    expect_same(ours, feasts)
    assert ours["user_id"] == users


def test_statuses_are_the_same(feast, url):
    what = {"features": ["user_profile:age", "user_profile:city"], "rows": rows_of([1, 3, 404])}
    ours = feast.value("statuses", url, **what)
    assert ours == feast.value("statuses", "local", **what)
    assert ours == {"user_id": [1, 1, 1], "age": [1, 1, 3], "city": [1, 1, 3]}


def test_a_null_says_so_where_feast_calls_it_present(feast, url):
    what = {"features": ["user_profile:age"], "rows": rows_of([2])}
    assert feast.value("statuses", url, **what)["age"] == [2]
    assert feast.value("statuses", "local", **what)["age"] == [1]


def test_beyond_its_ttl_a_value_is_null_where_feast_forgets_the_ttl(feast, url):
    what = {"features": ["user_fresh:age", "user_fresh:city"], "rows": rows_of([1, 3, 404])}
    feasts, ours = both(feast, url, **what)
    assert ours["age"] == [31, None, None]
    assert feasts["age"] == [31, 9, None]
    assert feast.value("statuses", url, **what)["age"] == [1, 4, 3]


def test_by_the_interface_of_its_online_stores(feast, url):
    what = {"view": "user_profile", "keys": [1, 2, 3, 4], "features": ["age", "score", "active", "city", "taste"]}
    ours = feast.value("read", url, **what)
    assert [typed(list(row.values())) for row in ours] == [typed(list(row.values())) for row in feast.value("read", "local", **what)]
    assert ours[0]["age"] == 31


# --- errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "kind", "says"),
    [
        ({"features": ["nix:age"]}, "FeatureViewNotFoundException", "nix"),
        ({"features": ["user_profil:age"]}, "FeatureViewNotFoundException", "user_profile"),
        ({"features": ["user_profile:nix"]}, "FeatureViewNotFoundException", "nix"),
        ({"features": ["gone:age"]}, "FeatureViewNotFoundException", "gone"),
        ({"service": "nowhere"}, "FeatureServiceNotFoundException", "nowhere"),
        ({"features": ["user_profile:age", "user_fresh:age"]}, "FeatureNameCollisionError", "age"),
        ({"features": ["item_catalog:price"]}, "RequestDataNotFoundInEntityRowsException", "item_id"),
        ({"features": ["user_profile:age"], "rows": [{"user_id": "x"}]}, "FeastError", "user_id"),
        ({"features": ["user_profile:age"], "rows": [{"user_id": 1.5}]}, "FeastError", "user_id"),
        ({"features": ["age"]}, "FeastError", "age"),
    ],
)
def test_an_error_is_feasts_own_exception(feast, url, what, kind, says):
    raised, message = feast.error("get", url, **({"rows": rows_of([1])} | what))
    assert raised == f"feast.errors.{kind}"
    assert says in message


def test_a_windowed_view_cannot_be_written(feast, url):
    raised, message = feast.error("write", url, view="spend", df={"user_id": [1], "age": [1], "event_time": [NOW.isoformat()],
                                                                  "known_at": [NOW.isoformat()]})
    assert raised == "feast.errors.FeastError"
    assert "spend" in message


def test_a_view_that_only_feast_knows_cannot_be_written(feast, url):
    raised, message = feast.error("write", url, view="gone", df={"user_id": [1], "age": [1], "event_time": [NOW.isoformat()],
                                                                 "known_at": [NOW.isoformat()]})
    assert raised == "feast.errors.FeatureViewNotFoundException"
    assert "gone" in message


def test_a_view_that_only_feast_knows_cannot_be_materialized(feast, url):
    raised, message = feast.error("materialize", url, **ALWAYS, views=["gone"])
    assert raised == "builtins.RuntimeError"  # its client makes nothing else of it
    assert "(404)" in message and "unknown_name" in message and "gone" in message


# --- writing: from here on the stores change, in this order -----------------------------------------------------------


def written(user: int, days: float, **values) -> dict:
    """A row as Feast's user has it."""
    row = profile(user, days, **values)
    return {key: [value.isoformat() if isinstance(value, datetime.datetime) else value] for key, value in row.items()}


EVERYTHING = [f"user_profile:{name}" for name in ("age", "level", "score", "ratio", "active", "city", "joined", "taste")]


def test_what_is_written_is_read_back(feast, url):
    row = written(10, 0.2, age=2**53 + 1, level=7, score=3.0, ratio=0.1, active=True, city="wrïtten", joined=ago(2), taste=[1.0, 0.1])
    for store in ("local", url):
        feast.value("write", store, view="user_profile", df=row)
    feasts, ours = both(feast, url, features=EVERYTHING, rows=rows_of([10, 1]))
    expect_same(ours, feasts)
    assert (ours["age"][0], ours["score"][0], ours["city"][0]) == (2**53 + 1, 3.0, "wrïtten")


def test_nulls_that_are_written_are_nulls(feast, url):
    """Feast's client says a null time as the smallest integer or as "NaT"; its store in SQLite takes none."""
    one = written(11, 0.3, age=1, city="a", joined=ago(1), taste=[2.0])
    two = {key: [*one[key], *other] for key, other in written(12, 0.3).items()}
    two["known_at"][1] = None
    feast.value("write", url, view="user_profile", df=two)
    ours = feast.value("get", url, features=EVERYTHING, rows=rows_of([11, 12]))
    joined = ago(1).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ours == {"user_id": [11, 12], "age": [1, None], "level": [None, None], "score": [None, None], "ratio": [None, None], "active": [None, None],
                    "city": ["a", None], "joined": [joined, None], "taste": [[2.0], None]}


def test_a_repeated_write_changes_nothing(feast, url):
    row = written(13, 0.2, age=1, city="twice")
    for _ in range(2):
        feast.value("write", url, view="user_profile", df=row)
    assert feast.value("get", url, features=["user_profile:age"], rows=rows_of([13]))["age"] == [1]


def test_an_event_time_that_is_an_integer_is_written_in_its_unit(feast, url):
    def report(at: datetime.datetime) -> dict:
        return {"user_id": [1], "city": ["Oslo"], "event_time": [at.isoformat()], "known_at": [at.isoformat()]}

    raised, message = feast.error("write", url, view="user_report", df=report(ago(0.2) + datetime.timedelta(microseconds=1)))
    assert raised == "feast.errors.FeastError"
    assert "row 1: column 'at'" in message and "milliseconds" in message
    feast.value("write", url, view="user_report", df=report(ago(0.2) + datetime.timedelta(milliseconds=1)))
    ours = feast.value("get", url, features=["user_report:city"], rows=rows_of([1, 2]))
    assert ours == {"user_id": [1, 2], "city": ["Oslo", None]}


def test_an_older_row_changes_nothing_where_feast_takes_what_came_last(feast, url):
    for store in ("local", url):
        feast.value("write", store, view="user_profile", df=written(14, 0.1, age=2))
        feast.value("write", store, view="user_profile", df=written(14, 0.2, age=1))
    feasts, ours = both(feast, url, features=["user_profile:age"], rows=rows_of([14]))
    assert ours["age"] == [2]
    assert feasts["age"] == [1]


def test_its_push_reaches_the_views_of_the_source(feast, url):
    item = {"item_id": ["c"], "price": [7.0], "stock": [2**40], "age": [3], "tags": [["p", "q"]],
            "event_time": [ago(0.1).isoformat()], "known_at": [ago(0.1).isoformat()]}
    for store in ("local", url):
        feast.value("push", store, source="catalog", df=item)
    what = {"features": ["item_catalog:price", "item_catalog:stock", "item_catalog:age", "item_catalog:tags"],
            "rows": [{"item_id": "c"}]}
    feasts, ours = both(feast, url, **what)
    expect_same(ours, feasts)
    assert ours["price"] == [7.0]


def test_push_over_http_as_its_documentation_has_it(feast, url):
    body = {"push_source_name": "catalog", "to": "online",
            "df": {"item_id": ["d"], "price": [1.5], "stock": [1], "age": [None], "tags": [["z"]],
                   "event_time": [ago(0.1).strftime("%Y-%m-%d %H:%M:%S")], "known_at": [ago(0.1).strftime("%Y-%m-%d %H:%M:%S")]}}
    assert feast.value("post", url, path="/push", body=body)["status"] == 200
    got = feast.value("get", url, features=["item_catalog:price", "item_catalog:tags"], rows=[{"item_id": "d"}])
    assert got == {"item_id": ["d"], "price": [1.5], "tags": [["z"]]}


def test_new_files_by_its_materialize_incremental(feast, url, folder):
    write_profiles(folder, "2", LATER)
    end = {"end": datetime.datetime.now(datetime.timezone.utc).isoformat()}
    feast.value("materialize_incremental", url, **end)
    feast.value("materialize", "local", **ALWAYS)
    feasts, ours = both(feast, url, features=EVERYTHING, rows=rows_of([*USERS, 5]))
    expect_same(ours, feasts)
    assert ours["city"][0] == "moved" and ours["city"][-1] == "new" and ours["city"][3] == "said again"


def test_its_materialize_with_nothing_new_changes_nothing(feast, url):
    what = {"features": EVERYTHING, "rows": rows_of()}
    before = feast.value("get", url, **what)
    feast.value("materialize", url, **ALWAYS)
    feast.value("materialize", url, **ALWAYS, views=["user_profile"])
    assert feast.value("get", url, **what) == before


# --- where the two say a value otherwise --------------------------------------------------------------------------


def test_empty_lists_are_null_and_nan_is_nan(feast, url, folder):
    """Feast's client cannot read an empty list, from its own server neither; and Feast's files lose NaN."""
    write_profiles(folder, "3", [profile(20, 1, score=float("nan"), taste=[]), profile(21, 1, score=float("-inf"), taste=[0.0])])
    feast.value("materialize", url, **ALWAYS)
    feast.value("materialize", "local", **ALWAYS)
    feasts, ours = both(feast, url, features=["user_profile:score", "user_profile:taste"], rows=rows_of([20, 21]))
    assert ours == {"user_id": [20, 21], "score": ["NaN", "-Infinity"], "taste": [None, [0.0]]}
    assert feasts["taste"] == [[], [0.0]] and feasts["score"][0] is None


def test_a_large_integer_is_exact_where_feast_rounds_what_stands_beside_nulls(feast, url, folder):
    write_profiles(folder, "4", [profile(30, 1, age=2**53 + 1), profile(31, 1, age=-(2**63) + 1), profile(32, 1)])
    feast.value("materialize", url, **ALWAYS)
    feast.value("materialize", "local", **ALWAYS)
    feasts, ours = both(feast, url, features=["user_profile:age"], rows=rows_of([30, 31, 32]))
    assert ours["age"] == [2**53 + 1, -(2**63) + 1, None]
    assert feasts["age"][0] == 2**53
