"""Feast's way of filling an online store: `feast_materialize.py ROWS FOLDER STORE`, where STORE is "sqlite" or Redis' host:port
(it knows no unix sockets). Run by a Python that has Feast; prints the seconds of `materialize` alone as JSON."""
import datetime
import json
import pathlib
import sys
import time

from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

path, folder, kind = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
folder.mkdir(parents=True)
if kind == "sqlite":
    online = {"type": "sqlite", "path": str(folder / "online.db")}
else:
    online = {"type": "redis", "connection_string": kind}
store = FeatureStore(config=RepoConfig(project="bench", provider="local", registry=str(folder / "registry.db"), online_store=online,
                                       offline_store={"type": "file"}, entity_key_serialization_version=3))
user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
view = FeatureView(name="v", entities=[user], ttl=datetime.timedelta(days=36500), online=True,
                   schema=[Field(name=f"f{i}", dtype=Float64) for i in range(10)],
                   source=FileSource(path=path, timestamp_field="event_time"))
store.apply([user, view])
begin = time.monotonic()
store.materialize(datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), datetime.datetime.now(datetime.timezone.utc),
                  disable_event_timestamp=False)
print(json.dumps({"seconds": time.monotonic() - begin}))
