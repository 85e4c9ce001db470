"""A small feature repository for tests of the feature server: views of each kind, and a few rows that are pushed, so that
there are no files. Users are 1 to 3, items a and b.
"""

import datetime
import json
import pathlib
import subprocess

from feature_server import BINARY

DEFINITIONS = """
entities:
  user: {keys: {user_id: int64}}
  item: {keys: {item_id: string}}
sources:
  purchases:
    timestamp: event_time
    columns: {user_id: int64, item_id: string, amount: float64, event_time: timestamp}
  profiles:
    timestamp: event_time
    created: known_at
    columns: {user_id: int64, age: int64, city: string, joined: timestamp, event_time: timestamp, known_at: timestamp}
  catalog:
    timestamp: event_time
    columns: {item_id: string, price: float64, tags: list<string>, event_time: timestamp}
views:
  spend:
    entity: user
    source: purchases
    windows: [1h, 30d]
    features: {sum: sum(amount), count: count()}
  sold: {entity: item, source: purchases, window: 30d, features: {sold: count()}}
  total: {source: purchases, window: 30d, features: {purchases: count()}}
  profile: {entity: user, source: profiles, features: [age, city, joined]}
  shelf: {entity: item, source: catalog, features: [price, tags]}
  dear: {entity: item, source: catalog, features: {dear: price > 10}}
on_demand:
  affinity:
    inputs: [profile, spend]
    request: {asked: float64}
    features: {ratio: "asked / greatest(sum_30d, 1.0)", senior: age >= 65}
services:
  ranking: {features: ["spend:*", "profile:age", "profile:city"]}
  offers: {features: ["affinity:*", "shelf:price"]}
"""


def rfc3339(**ago) -> str:
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def rows() -> dict[str, list[dict]]:
    return {
        "purchases": [{"user_id": user, "item_id": item, "amount": amount, "event_time": rfc3339(minutes=minutes)}
                      for user, item, amount, minutes in
                      [(1, "a", 9.5, 5), (1, "b", 0.5, 600), (2, "a", 20.0, 10), (1, "a", 7.0, 50_000)]],
        "profiles": [{"user_id": user, "age": age, "city": city, "joined": rfc3339(days=400), "event_time": rfc3339(days=days)}
                     for user, age, city, days in [(1, 30, "Oslo", 3), (2, None, "Zürich", 2), (3, 70, "", 1)]],
        "catalog": [{"item_id": item, "price": price, "tags": tags, "event_time": rfc3339(days=1)}
                    for item, price, tags in [("a", 9.5, ["x", "y"]), ("b", 12.0, [])]],
    }


def millrace(folder: pathlib.Path, *arguments: object) -> subprocess.CompletedProcess:
    """Whatever its outcome is."""
    return subprocess.run([BINARY, "--project", folder, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120)


def make_shop(folder: pathlib.Path, online: str = "lmdb:./online") -> pathlib.Path:
    (folder / "features").mkdir(parents=True)
    (folder / "features" / "all.yaml").write_text(DEFINITIONS)
    (folder / "millrace.yaml").write_text(f"project: shop\nonline: {online}\n")
    commands = [["apply", "--author", "ann"]]
    for source, lines in rows().items():
        path = folder / f"{source}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        commands.append(["push", source, path])
    for command in commands:
        done = millrace(folder, *command)
        assert done.returncode == 0, done.stderr
    return folder
