"""Asks the online store again what a training set was told, and compares the two bit by bit. Called by the demos of the examples.

`ask_again.py pick TRAINING FOLDER KEYS OTHERS`: ten rows of a training set, with different keys and some with nulls. FOLDER/keys.parquet
gets their KEYS (columns with commas between; what a request carries too) and their times as `as_of`, for `millrace get --keys`;
FOLDER/expected.parquet gets the features: all other columns but OTHERS.
`ask_again.py post URL FOLDER SERVICE [full]`: the same keys at the same times in one request to a feature server; FOLDER/online.parquet is its answer.
`ask_again.py compare FOLDER SHOWN`: FOLDER/expected.parquet against FOLDER/online.parquet, the answer; prints the columns SHOWN. Exit 1
where a bit differs."""
import json
import pathlib
import sys
import urllib.request

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 10
TIME = "event_timestamp"


def spread(rows: np.ndarray, count: int) -> np.ndarray:
    return rows[np.linspace(0, len(rows) - 1, count).astype(int)]


def pick(training: str, folder: pathlib.Path, keys: list[str], others: list[str]) -> None:
    table = pq.read_table(training)
    features = [name for name in table.column_names if name not in (*keys, *others, TIME)]
    no_key = np.any([table[name].is_null() for name in keys], axis=0)
    no_value = np.any([table[name].is_null() for name in features], axis=0)
    rows = np.concatenate([spread(np.flatnonzero(~no_key & ~no_value), ROWS - 4), spread(np.flatnonzero(~no_key & no_value), 4)])
    chosen = table.take(pa.array(np.sort(rows)))
    if chosen.select(keys).group_by(keys).aggregate([]).num_rows < ROWS:
        raise SystemExit(f"ask_again: {ROWS} rows of {training} do not have different keys")
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(chosen.select([*keys, TIME]).rename_columns([*keys, "as_of"]), folder / "keys.parquet")
    pq.write_table(chosen.select(features), folder / "expected.parquet")


def post(url: str, folder: pathlib.Path, service: str, full_names: bool) -> None:
    asked, expected = (pq.read_table(folder / f"{name}.parquet") for name in ("keys", "expected"))
    columns = {name: [value.isoformat() if hasattr(value, "isoformat") else value for value in column] for name, column in asked.to_pydict().items()}
    body = {"feature_service": service, "full_feature_names": full_names, "as_of": columns.pop("as_of"), "entities": columns}
    request = urllib.request.Request(f"{url}/features", json.dumps(body).encode(), {"X-Request-Id": "demo"})
    with urllib.request.urlopen(request) as response:
        answer = json.load(response)
    got = {name: result["values"] for name, result in zip(answer["metadata"]["feature_names"], answer["results"])}
    types = {field.name: field.type for field in [*asked.schema, *expected.schema]}
    online = {name: pa.array(values, types[name]) for name, values in got.items()}
    pq.write_table(pa.table({**online, "as_of": asked["as_of"]}), folder / "online.parquet")
    print(f"  one request, {len(asked)} keys: commit {answer['metadata']['commit']}, version {answer['metadata']['registry_version']}")


def same_bits(a: pa.Array, b: pa.Array) -> np.ndarray:
    """By row. Two floats are the same where all of their bits are."""
    if a.type != b.type:
        raise SystemExit(f"ask_again: a column is {a.type} in the training set and {b.type} online")
    if pa.types.is_floating(a.type):
        width = np.dtype(f"i{a.type.byte_width}")
        bits = [c.fill_null(0).to_numpy(zero_copy_only=False).view(width) for c in (a, b)]
        return (np.array(a.is_null()) == np.array(b.is_null())) & (bits[0] == bits[1])
    return np.array([x == y for x, y in zip(a.to_pylist(), b.to_pylist())])


def text(value) -> str:
    return "null" if value is None else repr(value) if isinstance(value, float) else str(value)


def compare(folder: pathlib.Path, shown: list[str]) -> None:
    keys, expected, online = (pq.read_table(folder / f"{name}.parquet") for name in ("keys", "expected", "online"))
    features = expected.column_names
    answered = [name for name in keys.column_names if name in online.column_names]  # what only the caller knows is not
    if sorted(online.column_names) != sorted([*answered, *features]) or online.num_rows != ROWS:
        raise SystemExit("ask_again: the answer has other columns or rows than the training set")
    if not online.select(answered).equals(keys.select(answered)):
        raise SystemExit("ask_again: the answer has other keys or times than were asked for")
    same = np.array([same_bits(expected[f].combine_chunks(), online[f].combine_chunks()) for f in features])
    named = [name for name in keys.column_names if name in shown]
    heading = [*named, "as_of", *(f"{f}{where}" for f in shown if f in features for where in ("", ", online")), f"all {len(features)}"]
    lines = []
    for row, (asked, was, is_now) in enumerate(zip(keys.to_pylist(), expected.to_pylist(), online.to_pylist())):
        values = [text(of[f]) for f in shown if f in features for of in (was, is_now)]
        lines.append([*(text(asked[k]) for k in named), f"{asked['as_of']:%Y-%m-%d %H:%M}", *values, "equal" if same[:, row].all() else "DIFFERENT"])
    widths = [max(len(cell) for cell in column) for column in zip(heading, *lines)]
    for line in [heading, ["-" * w for w in widths], *lines]:
        print("  " + "  ".join(cell.rjust(w) for cell, w in zip(line, widths)))
    nulls = sum(expected[f].null_count for f in features)
    values = f"{same.size} values ({nulls} of them null) of {len(features)} features in {ROWS} rows"
    if not same.all():
        different = [f for f, of_feature in zip(features, same) if not of_feature.all()]
        raise SystemExit(f"  {values}: {np.count_nonzero(~same)} differ, in {', '.join(different)}")
    print(f"  {values}: all equal, bit for bit")


def main() -> None:
    match sys.argv[1:]:
        case ["post", url, folder, service, *full]:
            post(url, pathlib.Path(folder), service, full == ["full"])
        case ["pick", training, folder, keys, others]:
            pick(training, pathlib.Path(folder), keys.split(","), others.split(","))
        case ["compare", folder, shown]:
            compare(pathlib.Path(folder), shown.split(","))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
