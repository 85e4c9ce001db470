"""A program on Feast's SDK, driven by feast_test.py: run by a Python that has Feast, `feast_client.py FOLDER`. FOLDER has the
Parquet files; what Feast keeps goes there too.

Reads one JSON object a line, {"do": NAME, "store": "local"|URL, …}, and answers each with a line: {"value": …} or {"error":
{"module", "class", "message"}}. "local" is a store in SQLite that Feast fills itself, a URL a feature server behind
`online_store: {type: remote}`; both know the same definitions. Feast prints to stdout, so what it prints goes to stderr.
"""

import base64
import datetime
import json
import pathlib
import sys
import traceback

import pandas as pd
import requests
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, PushSource, RepoConfig, ValueType
from feast.data_source import PushMode
from feast.types import Array, Bool, Bytes, Float32, Float64, Int32, Int64, String, UnixTimestamp

ANSWERS = sys.stdout
sys.stdout = sys.stderr

FOLDER = pathlib.Path(sys.argv[1]).resolve()
CENTURY = datetime.timedelta(days=36500)

USER = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
ITEM = Entity(name="item", join_keys=["item_id"], value_type=ValueType.STRING)


def pushed(name: str) -> PushSource:
    files = FileSource(name=f"{name}_files", path=str(FOLDER / name), timestamp_field="event_time",
                       created_timestamp_column="known_at")
    return PushSource(name=name, batch_source=files)


def view(name: str, entity: Entity, source: PushSource, ttl=CENTURY, **schema) -> FeatureView:
    fields = [Field(name=field, dtype=dtype) for field, dtype in schema.items()]
    return FeatureView(name=name, entities=[entity], source=source, ttl=ttl, online=True, schema=fields)


PROFILES, CATALOG = pushed("profiles"), pushed("catalog")
VIEWS = [
    view("user_profile", USER, PROFILES, age=Int64, level=Int32, score=Float64, ratio=Float32, active=Bool, city=String,
         joined=UnixTimestamp, taste=Array(Float64), avatar=Bytes),
    view("user_fresh", USER, PROFILES, ttl=datetime.timedelta(days=30), age=Int64, city=String),
    view("item_catalog", ITEM, CATALOG, price=Float64, stock=Int64, age=Int64, tags=Array(String)),
    view("user_report", USER, PROFILES, city=String),
    view("gone", USER, PROFILES, age=Int64),  # which only Feast knows
    view("spend", USER, PROFILES, age=Int64),
]
BY_NAME = {view.name: view for view in VIEWS}
SERVICES = {
    "for_user": FeatureService(name="for_user", features=[BY_NAME["user_profile"][["age", "score", "taste"]]]),
    "for_both": FeatureService(name="for_both", features=[BY_NAME["user_profile"][["city", "score"]],
                                                          BY_NAME["item_catalog"][["price", "tags"]]]),
    "nowhere": FeatureService(name="nowhere", features=[BY_NAME["user_profile"][["age"]]]),
}

stores: dict[str, FeatureStore] = {}


def store(name: str, token: str = "") -> FeatureStore:
    """Made when it is first asked for."""
    key = f"{name} {token}"
    if key not in stores:
        if name == "local":
            online = {"type": "sqlite", "path": str(FOLDER / "online.db")}
        else:
            online = {"type": "remote", "path": name, "connection_retries": 0}
        folder = FOLDER / f"feast_{len(stores)}"
        folder.mkdir()
        config = RepoConfig(project="shop", provider="local", registry=str(folder / "registry.db"), online_store=online,
                            offline_store={"type": "file"}, entity_key_serialization_version=3)
        made = FeatureStore(config=config)
        made.apply([USER, ITEM, *VIEWS, *SERVICES.values()])
        if name == "local":  # for Feast's own feature server
            (folder / "feature_store.yaml").write_text(json.dumps({
                "project": "shop", "provider": "local", "registry": str(folder / "registry.db"), "online_store": online,
                "offline_store": {"type": "file"}, "entity_key_serialization_version": 3}))
        stores[key] = made
    return stores[key]


def plain(value):
    """What JSON has no word for, as Millrace says it."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value)}: {value!r}")


def frame(columns: dict) -> pd.DataFrame:
    table = pd.DataFrame(columns)
    for name in ("event_time", "known_at", "joined"):
        if name in table:
            table[name] = pd.to_datetime(table[name], utc=True)
    return table


def get(on: FeatureStore, call: dict):
    features = SERVICES[call["service"]] if "service" in call else call["features"]
    answer = on.get_online_features(features=features, entity_rows=call["rows"],
                                    full_feature_names=call.get("full_feature_names", False))
    return answer.to_dict()


def statuses(on: FeatureStore, call: dict):
    answer = on.get_online_features(features=call["features"], entity_rows=call["rows"])
    names = answer.proto.metadata.feature_names.val
    return {name: list(column.statuses) for name, column in zip(names, answer.proto.results)}


def read(on: FeatureStore, call: dict):
    """By the store's own interface, which is what on-demand views and Feast's feature server are read through."""
    of = BY_NAME[call["view"]]
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value
    from feast.type_map import feast_value_type_to_python_type

    keys = [EntityKey(join_keys=["user_id"], entity_values=[Value(int64_val=key)]) for key in call["keys"]]
    rows = on._get_provider().online_read(on.config, of, keys, call["features"])
    return [values and {name: feast_value_type_to_python_type(values[name]) for name in call["features"]} for _, values in rows]


def write(on: FeatureStore, call: dict):
    on.write_to_online_store(call["view"], df=frame(call["df"]))


def push(on: FeatureStore, call: dict):
    on.push(call["source"], frame(call["df"]), to=PushMode.ONLINE)


def times(call: dict):
    return [datetime.datetime.fromisoformat(call[name]) for name in ("start", "end") if name in call]


def materialize(on: FeatureStore, call: dict):
    on.materialize(*times(call), feature_views=call.get("views"))


def materialize_incremental(on: FeatureStore, call: dict):
    on.materialize_incremental(*times(call), feature_views=call.get("views"))


def post(on: FeatureStore, call: dict):
    """As Feast's documentation pushes: no SDK, and no content type."""
    answer = requests.post(call["store"] + call["path"], data=json.dumps(call["body"]))
    return {"status": answer.status_code, "body": answer.text}


CALLS = {"get": get, "statuses": statuses, "read": read, "write": write, "push": push, "materialize": materialize,
         "materialize_incremental": materialize_incremental, "post": post}


def answer(line: str) -> dict:
    call = json.loads(line)
    try:
        return {"value": CALLS[call["do"]](store(call["store"]), call)}
    except Exception as problem:
        traceback.print_exc()
        kind = type(problem)
        return {"error": {"module": kind.__module__, "class": kind.__name__, "message": str(problem)}}


for line in sys.stdin:
    ANSWERS.write(json.dumps(answer(line), default=plain) + "\n")
    ANSWERS.flush()
