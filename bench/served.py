"""What serve.py serves and asks: a feature repository, its data, and files of request bodies."""
import dataclasses
import json
import pathlib
import time

import numpy as np

import data
import online

WIDE = [f"f{i}" for i in range(20)]
WINDOWED = [f"{name}_{days}d" for name in ("count", "sum", "avg", "min", "max") for days in (1, 7, 30, 90)]
DISTINCT = [f"{name}_{days}d" for name in ("count", "sum", "avg", "std", "items") for days in (1, 7, 30, 90)]
EVENTS_A_KEY = 1_000

SNAPSHOT = f"""\
entities:
  user: {{keys: {{user_id: string}}}}
sources:
  profiles: {{path: %s, timestamp: event_time}}
views:
  v: {{entity: user, source: profiles, features: [{', '.join(online.FLOATS)}]}}
"""
# Beside the snapshot view: what is read from the embedded store alone.
OTHERS = """\
sources:
  wide: {path: %s, timestamp: event_time}
  events: {path: %s, timestamp: event_time}
views:
  wide: {entity: user, source: wide, features: [%s]}
  windowed:
    entity: user
    source: events
    windows: [1d, 7d, 30d, 90d]
    features: {count: count(), sum: sum(amount), avg: avg(amount), min: min(amount), max: max(amount)}
  distinct:
    entity: user
    source: events
    windows: [1d, 7d, 30d, 90d]
    features: {count: count(), sum: sum(amount), avg: avg(amount), std: stddev(amount), items: nunique(item_id)}
on_demand:
  computed:
    inputs: [v]
    features:
      total: f0 + f1 + f2
      ratio: f3 / greatest(f4, 0.01)
      larger: case when f5 > 0.5 then f5 else f6 end
      log: ln(f7 + 1)
      percent: round(f8 * 100, 2)
"""
COMPUTED = ["total", "ratio", "larger", "log", "percent"]


@dataclasses.dataclass(frozen=True)
class Sizes:
    keys: int  # of snapshot views
    windowed_keys: int


@dataclasses.dataclass(frozen=True)
class Case:
    """One kind of request: features of the keys u0000000 and on."""
    about: str
    features: list[str]
    keys: int  # of a request
    of: int    # keys that there are

    def bodies(self, count: int, path: pathlib.Path) -> pathlib.Path:
        """Requests for random keys, as Feast's client writes them."""
        random = np.random.default_rng(3)
        asked = random.integers(0, self.of, (count, self.keys))
        with open(path, "w") as file:
            for numbers in asked:
                entities = {"user_id": [f"u{number:07d}" for number in numbers]}
                file.write(json.dumps({"entities": entities, "full_feature_names": False, "features": self.features}) + "\n")
        return path


def cases(sizes: Sizes) -> dict[str, Case]:
    floats = [f"v:{name}" for name in online.FLOATS]
    computed = [*floats, *(f"computed:{name}" for name in COMPUTED)]
    return {
        "one": Case("1 entity, 10 floats", floats, 1, sizes.keys),
        "hundred": Case("100 entities, 10 floats", floats, 100, sizes.keys),
        "plain": Case("10 floats", floats, 1, sizes.keys),
        "computed": Case("10 floats and 5 on-demand features of them", computed, 1, sizes.keys),
        "wide": Case("20 columns", [f"wide:{name}" for name in WIDE], 1, sizes.keys),
        "windowed": Case("20 windowed features: count, sum, avg, min, max", [f"windowed:{name}" for name in WINDOWED], 1, sizes.windowed_keys),
        "distinct": Case("20 windowed features: count, sum, avg, stddev, nunique", [f"distinct:{name}" for name in DISTINCT], 1,
                         sizes.windowed_keys),
    }


def snapshots(sizes: Sizes, folder: pathlib.Path, store: str) -> online.Repository:
    repository = online.Repository(folder, SNAPSHOT % data.catalogue(sizes.keys), store)
    repository.call("materialize")
    return repository


def everything(sizes: Sizes, folder: pathlib.Path) -> online.Repository:
    """The embedded store, with all views."""
    events = folder.with_name("events.parquet")
    data.recent_events(sizes.windowed_keys, EVENTS_A_KEY, time.time_ns() // 1000, events)
    repository = online.Repository(folder, SNAPSHOT % data.catalogue(sizes.keys), "lmdb:./online")
    (folder / "features/others.yaml").write_text(OTHERS % (data.catalogue(sizes.keys, 20), events, ", ".join(WIDE)))
    repository.call("apply")
    repository.call("materialize")
    return repository
