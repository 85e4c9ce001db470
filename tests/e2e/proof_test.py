"""The proof beside a training set, and `training-set --verify`: what is right passes, what was tampered with is found."""

import json
import math
import re
import shutil

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from conftest import Repository

USERS = "features/users.yaml"
ASK = ("training-set", "--spine", "data/spine.csv", "--service", "ranking_v1")


def proof_of(out) -> str:
    return f"{out}.proof.json"


def verified(repository: Repository, out: str, *arguments) -> dict:
    return repository.ok("training-set", "--verify", out, "--json", *arguments).json


def found(repository: Repository, out: str, *words: str, sample: int = 1000) -> str:
    """Verification fails, its exit code and every code say so, and each of the words is in what it says."""
    outcome = repository.run("training-set", "--verify", out, "--sample", sample)
    assert outcome.code == 3, outcome
    assert set(outcome.problems()) == {"verification_failed"}, outcome.err
    assert outcome.out == ""
    for word in words:
        assert word in outcome.err, outcome.err
    return outcome.err


def edit_proof(repository: Repository, out: str, change) -> None:
    path = repository.path(proof_of(out))
    proof = json.loads(path.read_text())
    change(proof)
    path.write_text(json.dumps(proof, indent=2, ensure_ascii=False))


def forge_digest(repository: Repository, out: str) -> None:
    """A forger can compute the digest; this one asks the verifier for it."""
    said = repository.run("training-set", "--verify", out).err
    digest = re.search(r"its content's is ([0-9a-f]{16})", said)
    if digest:
        edit_proof(repository, out, lambda proof: proof.update(digest=digest.group(1)))
    assert "the proof was edited" not in repository.run("training-set", "--verify", out).err


def forge_output(repository: Repository, out: str) -> None:
    """Makes the proof agree with the output's bytes as they are now."""
    size = repository.path(out).stat().st_size
    edit_proof(repository, out, lambda proof: proof["output"].update(bytes=size))
    said = repository.run("training-set", "--verify", out).err
    tag = re.search(r"the output's content \(tag\): the proof says '\w+', found '(\w+)'", said)
    if tag:
        edit_proof(repository, out, lambda proof: proof["output"].update(tag=tag.group(1)))
    forge_digest(repository, out)


def read(path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    return pa.ipc.open_file(path).read_all()


def write(table: pa.Table, path) -> None:
    if path.suffix == ".parquet":
        return pq.write_table(table, path)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)


def with_cell(table: pa.Table, column: str, row: int, value) -> pa.Table:
    cells = table[column].to_pylist()
    cells[row] = value(cells[row]) if callable(value) else value
    at = table.column_names.index(column)
    return table.set_column(at, table.schema.field(at), pa.array(cells, table.schema.field(at).type))


@pytest.fixture(params=["parquet", "arrow", "csv"])
def out(request) -> str:
    return f"t.{request.param}"


@pytest.fixture
def proven(applied) -> Repository:
    """t.parquet with its proof."""
    applied.ok(*ASK, "--labels", "buys_again_7d", "--out", "t.parquet")
    return applied


# What is right.


def test_a_training_set_verifies_in_every_format(applied, out):
    report = applied.ok(*ASK, "--labels", "buys_again_7d", "--out", out).out
    assert proof_of(out) in report
    verification = verified(applied, out)
    assert verification["verified"] and verification["registry_version"] == 1
    assert verification["rows"] == verification["rows_recomputed"] == 5
    assert verification["keys_sampled"] == 4
    assert verification["cells_recomputed"] == 5 * 11
    assert verification["input_files"] == 3
    assert "equal to the bit" in applied.ok("training-set", "--verify", out).out


def test_what_the_proof_says(proven):
    proof = json.loads(proven.path("t.parquet.proof.json").read_text())
    assert proof["project"] == "my_shop" and proof["registry_version"] == 1
    shown = proven.ok("show", "user_spend:sum_7d", "--json").json["properties"]
    (column,) = [column for column in proof["columns"] if column["column"] == "sum_7d"]
    assert column == {"column": "sum_7d", "feature": "user_spend:sum_7d", "hash": shown["hash"]}
    assert proof["columns"][-1]["feature"] == "label buys_again_7d"
    assert proof["spine"]["path"] == "data/spine.csv"
    files = {source["source"]: source["files"][0] for source in proof["sources"]}
    assert files["purchases"]["path"] == "data/purchases.csv"
    assert files["purchases"]["bytes"] == proven.path("data/purchases.csv").stat().st_size
    assert proof["rows"]["in"] == proof["rows"]["out"] == proof["output"]["rows"] == 5
    assert proof["output"]["bytes"] == proven.path("t.parquet").stat().st_size
    assert len(proof["assumptions"]) == 2


def test_the_same_run_gives_the_same_proof(proven):
    first = proven.path("t.parquet.proof.json").read_bytes()
    proven.ok(*ASK, "--labels", "buys_again_7d", "--out", "t.parquet")
    assert proven.path("t.parquet.proof.json").read_bytes() == first


def test_every(applied, out):
    applied.ok("training-set", "--features", "user_spend:*,user_profile:device", "--labels", "buys_again_7d",
               "--every", "7d", "--from", "2025-01-08", "--to", "2025-02-08", "--out", out)
    verification = verified(applied, out)
    assert verification["rows"] == verification["rows_recomputed"] > 10
    assert verification["input_files"] == 2


def test_both_files_move_together(proven):
    proven.path("elsewhere").mkdir()
    for name in ("t.parquet", "t.parquet.proof.json"):
        proven.path(name).rename(proven.path(f"elsewhere/{name}"))
    assert verified(proven, "elsewhere/t.parquet")["verified"]


def test_a_version_that_is_no_longer_the_newest(proven):
    proven.replace(USERS, "sum: sum(amount)", "sum: sum(amount * 2)")
    assert verified(proven, "t.parquet")["registry_version"] == 1
    proven.ok("apply")
    assert verified(proven, "t.parquet")["registry_version"] == 1
    proven.ok(*ASK, "--out", "u.parquet")
    assert verified(proven, "u.parquet")["registry_version"] == 2


def test_null_keys_and_times(applied, out):
    applied.path("data/spine.csv").write_text(
        "user_id,event_timestamp\n,2025-02-01T00:00:00Z\nann,\n,\nann,2025-02-01T00:00:00Z\n")
    applied.ok(*ASK, "--labels", "buys_again_7d", "--out", out)
    assert verified(applied, out)["rows_recomputed"] == 4
    proof = json.loads(applied.path(proof_of(out)).read_text())
    assert (proof["rows"]["null_key"], proof["rows"]["null_time"]) == (2, 2)


def test_an_empty_spine(applied, out):
    applied.path("data/spine.csv").write_text("user_id,event_timestamp\n")
    applied.ok(*ASK, "--out", out)
    assert verified(applied, out)["cells_recomputed"] == 0


def test_a_sample_of_one_and_of_more_than_there_are(proven):
    assert verified(proven, "t.parquet", "--sample", 1)["keys_sampled"] == 1
    assert verified(proven, "t.parquet", "--sample", 1) | {"seconds": 0} == (
        verified(proven, "t.parquet", "--sample", 1) | {"seconds": 0})
    assert verified(proven, "t.parquet", "--sample", 1000)["keys_sampled"] == 4
    proven.refused(2, "usage", "training-set", "--verify", "t.parquet", "--sample", "0")


RICH = """
entities:
  user: {keys: {user_id: string}}
  item: {keys: {item_id: int64}}
sources:
  orders:
    path: data/orders/*.csv
    timestamp: at
    created: known
    columns: {user_id: string, item_id: int64, price: float64, tags: string, at: timestamp, known: timestamp}
  items:
    path: data/items.csv
    timestamp: at
    columns: {item_id: int64, kind: string, weight: float64, at: timestamp}
views:
  items: {entity: item, source: items, ttl: 60d, features: [kind, weight], derived: {age: (as_of - event_time) / 1h}}
  sales:
    entity: item
    source: orders
    windows: [3d, 30d]
    features: {n: count(), spread: stddev(price), buyers: collect_distinct(user_id), last: "last_k(price, 3)"}
  spend:
    entity: user
    source: orders
    lookup: {item: items}
    where: price < 900
    windows: [2d, all]
    features:
      sum: {value: sum(price), default: -1}
      heavy: count() filter (where item.weight > 2)
      kinds: histogram(item.kind)
      tags: count(cast(tags as int64))
      gap: time_since_last()
    derived: {per: sum_all / sum_2d}
on_demand:
  offer: {inputs: [spend, items], request: {price: float64}, features: {share: price / sum_all, heavier: weight * price}}
labels:
  buys: {entity: user, source: orders, window: 2d, value: count(), default: 0}
services:
  both:
    features: ["spend:*", "offer:*", "items:*", {view: sales, features: [n_3d, spread_30d, buyers_30d, last_3d], as: other, keys: {item_id: other_id}}]
"""


@pytest.fixture
def rich(empty) -> Repository:
    """Two entities, an alias, lookups, knowledge times, request fields, rejected rows, a folder of files."""
    empty.path("features").mkdir()
    empty.path("data/orders").mkdir(parents=True)
    empty.path("millrace.yaml").write_text("project: rich\nregistry: sqlite:registry.db\n")
    empty.path("features/all.yaml").write_text(RICH)
    for part in range(3):
        with open(empty.path(f"data/orders/{part}.csv"), "w") as file:
            file.write("user_id,item_id,price,tags,at,known\n")
            for i in range(part * 200, part * 200 + 200):
                day, hour = i % 28 + 1, i * 7 % 24
                at = f"2025-01-{day:02}T{hour:02}:00:00Z"
                known = f"2025-01-{min(day + i % 3, 28):02}T{max(hour, 23 if i % 3 == 0 else hour):02}:30:00Z"
                user = "" if i % 50 == 7 else f"u{i % 11}"
                price = "dear" if i % 60 == 9 else round(i * 1.37 % 1000, 3)
                file.write(f"{user},{i % 5},{price},{'x' if i % 9 == 0 else i},{at},{known}\n")
    with open(empty.path("data/items.csv"), "w") as file:
        file.write("item_id,kind,weight,at\n")
        for i in range(20):
            file.write(f"{i % 5},{'ab'[i % 2]},{i * 0.7:.2f},2025-01-{i % 10 + 1:02}T00:00:00Z\n")
    with open(empty.path("spine.csv"), "w") as file:
        file.write("when,user_id,item_id,other_id,price,note\n")
        for i in range(60):
            when = f"2025-01-{i % 30 + 1:02}T12:00:00Z"
            file.write(f"{when},u{i % 13},{i % 6},{'' if i == 5 else (i * 3) % 5},{i / 3},n{i}\n")
    empty.ok("apply")
    return empty


RICH_ASK = ("training-set", "--spine", "spine.csv", "--timestamp", "when", "--service", "both", "--labels", "buys",
            "--full-names")


def test_everything_at_once(rich, out):
    rich.ok(*RICH_ASK, "--out", out)
    verification = verified(rich, out, "--sample", 100)
    assert verification["rows_recomputed"] == 60
    proof = json.loads(rich.path(proof_of(out)).read_text())
    assert {reason["code"] for reason in proof["rejected"]} >= {"null_key", "bad_cast"}
    assert [len(source["files"]) for source in proof["sources"]] == [1, 3]


def test_ignore_created(rich):
    report = rich.ok(*RICH_ASK, "--ignore-created", "--out", "t.parquet", "--json").json
    changed = {column["column"]: column for column in report["ignore_created"]["columns"]}
    assert report["ignore_created"]["rows_changed"] > 0
    assert changed["spend__sum_2d"]["largest"] > 0 and " at 2025-01-" in changed["spend__sum_2d"]["largest_row"]
    assert "largest" not in changed["spend__kinds_2d"]
    assert verified(rich, "t.parquet", "--sample", 100)["rows_recomputed"] == 60
    edit_proof(rich, "t.parquet", lambda proof: proof["options"].update(ignore_created=False))
    forge_digest(rich, "t.parquet")
    found(rich, "t.parquet", "the events say")


def test_every_with_a_created_and_lookups(rich, out):
    rich.ok("training-set", "--features", "spend:*", "--labels", "buys", "--every", "1d", "--from", "2025-01-01",
            "--to", "2025-02-05", "--out", out)
    assert verified(rich, out, "--sample", 100)["rows_recomputed"] > 200


def test_a_row_that_is_missing_among_the_steps(rich):
    rich.ok("training-set", "--features", "spend:*", "--every", "1d", "--from", "2025-01-01",
            "--to", "2025-02-05", "--out", "t.arrow")
    path = rich.path("t.arrow")
    table = read(path)
    write(pa.concat_tables([table.slice(0, 100), table.slice(101)]).combine_chunks(), path)

    def one_less(proof):
        proof["rows"].update({"in": table.num_rows - 1, "out": table.num_rows - 1})
        proof["output"].update(rows=table.num_rows - 1)
        for cells in proof["null_cells"]:
            cells["count"] -= 1 if table[cells["column"]][100].as_py() is None else 0

    edit_proof(rich, "t.arrow", one_less)
    forge_output(rich, "t.arrow")
    found(rich, "t.arrow", "something to say")


# What was tampered with.


def test_one_byte_of_an_input(proven):
    path = proven.path("data/purchases.csv")
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    found(proven, "t.parquet", "data/purchases.csv", "other content")


def test_an_input_that_grew_and_one_that_is_gone(proven):
    with open(proven.path("data/purchases.csv"), "a") as file:
        file.write("ann,books,1.0,2025-01-03T00:00:00Z\n")
    proven.path("data/profiles.csv").unlink()
    said = found(proven, "t.parquet", "data/purchases.csv", "another size", "profiles")
    assert len(said.splitlines()) == 2


def test_a_new_file_and_a_missing_file_of_a_folder(rich):
    rich.ok(*RICH_ASK, "--out", "t.csv")
    shutil.copy(rich.path("data/orders/0.csv"), rich.path("data/orders/9.csv"))
    rich.path("data/orders/1.csv").unlink()
    found(rich, "t.csv", "data/orders/9.csv of source orders is new", "data/orders/1.csv of source orders is gone")


def test_the_spine(proven):
    spine = proven.path("data/spine.csv")
    text = spine.read_text()
    spine.write_text(text.replace("ann", "bob", 1))
    found(proven, "t.parquet", "the spine data/spine.csv", "other content")
    spine.unlink()
    found(proven, "t.parquet", "the spine data/spine.csv", "no such file")


def test_one_float_by_one_ulp(proven):
    path = proven.path("t.parquet")
    write(with_cell(read(path), "sum_30d", 1, lambda v: math.nextafter(v, math.inf)), path)
    found(proven, "t.parquet", "the output's", "column 'sum_30d', row 2 (user_id=ann at ",
          "found 159.75000000000003, the events say 159.75",
          "millrace explain --feature user_spend:sum_30d --key user_id=ann --at 2025-02-01T00:00:00Z")


@pytest.mark.parametrize(
    ("column", "value"),
    [("count_7d", 3), ("sum_30d", None), ("device", "phone2"), ("trend", 0.1), ("buys_again_7d", 9),
     ("user_id", "zoe2"), ("event_timestamp", None)],
)
def test_a_cell_that_only_the_recomputation_can_find(applied, column, value):
    """The forger changes the tag, the size, the digest and the counts of nulls too."""
    applied.ok(*ASK, "--labels", "buys_again_7d", "--out", "t.arrow")
    path = applied.path("t.arrow")
    before = read(path)
    after = with_cell(before, column, 1, (lambda v: None) if value is None else value)
    write(after, path)

    def count_nulls(proof):
        for cells in proof["null_cells"]:
            cells["count"] += after[cells["column"]].null_count - before[cells["column"]].null_count
        proof["rows"]["null_time"] = after["event_timestamp"].null_count

    edit_proof(applied, "t.arrow", count_nulls)
    forge_output(applied, "t.arrow")
    said = found(applied, "t.arrow", f"column '{column}', row 2")
    assert "the output's" not in said and "edited" not in said
    assert "null cells" not in said, said


def test_a_cell_of_every_rich_column(rich):
    """A value of another row in one column at a time, the proof forged to agree: each is named."""
    rich.ok(*RICH_ASK, "--out", "t.arrow")
    path = rich.path("t.arrow")
    table = read(path)
    proof = rich.path(proof_of("t.arrow")).read_bytes()
    columns = table.column_names[6:]
    assert len(columns) == 21
    for column in columns:
        cells = table[column].to_pylist()
        row, other = next((i, cell) for i in range(1, 60) for cell in cells
                          if cell is not None and cells[i] is not None and cell != cells[i])
        write(with_cell(table, column, row, other), path)
        rich.path(proof_of("t.arrow")).write_bytes(proof)
        forge_output(rich, "t.arrow")
        said = found(rich, "t.arrow", f"column '{column}', row {row + 1} (user_id=")
        assert len(said.splitlines()) == 1
        assert ("--request price=" in said) == column.startswith("offer__")
        assert ("millrace explain" in said) == (column != "buys")


def test_many_wrong_cells_are_counted(rich):
    rich.ok(*RICH_ASK, "--out", "t.parquet")
    path = rich.path("t.parquet")
    table = read(path)
    for at in range(6, table.num_columns):
        table = table.set_column(at, table.schema.field(at), table.column(at).take(list(range(59, -1, -1))))
    write(table, path)
    said = found(rich, "t.parquet", "more cells that are not what the events say")
    assert len(said.splitlines()) <= 23


def test_an_output_without_a_row(proven):
    path = proven.path("t.parquet")
    write(read(path).slice(1), path)
    found(proven, "t.parquet", "the output's", "rows of the output: the proof says 5, found 4")
    edit_proof(proven, "t.parquet", lambda proof: (proof["rows"].update({"in": 4, "out": 4}),
                                                  proof["output"].update(rows=4)))
    forge_output(proven, "t.parquet")
    found(proven, "t.parquet", "rows in: the proof says 4, found 5")


def test_an_output_with_other_columns(proven):
    path = proven.path("t.parquet")
    table = read(path)
    write(table.rename_columns(["who", *table.column_names[1:]]), path)
    found(proven, "t.parquet", "the output's columns are who")
    write(table.drop_columns(["device"]), path)
    found(proven, "t.parquet", "columns of the output")


def test_an_output_that_is_cut_off(proven):
    path = proven.path("t.parquet")
    path.write_bytes(path.read_bytes()[:-100])
    found(proven, "t.parquet", "the output's size", "cannot be read")


def test_a_csv_that_was_edited(applied):
    applied.ok(*ASK, "--out", "t.csv")
    applied.replace("t.csv", "159.75", "159.76")
    found(applied, "t.csv", "tag", "found 159.76, the events say 159.75")
    applied.replace("t.csv", "159.76", "much")
    found(applied, "t.csv", "cannot be read", "much")


NUMBERS = [
    ("rows", "in"), ("rows", "out"), ("rows", "null_key"), ("rows", "null_time"), ("output", "bytes"), ("output", "rows"),
    ("output", "columns"), ("spine", "bytes"), ("sources", 0, "events"), ("sources", 1, "events"),
    ("sources", 1, "files", 0, "bytes"), ("null_cells", 0, "count"), ("registry_version",), ("rejected", 0, "count"),
]
WORDS = [
    ("output", "tag"), ("spine", "tag"), ("spine", "path"), ("sources", 0, "files", 0, "tag"),
    ("sources", 0, "files", 0, "path"), ("sources", 0, "source"), ("columns", 3, "hash"), ("columns", 3, "feature"),
    ("columns", 3, "column"), ("project",), ("options", "service"), ("options", "labels", 0), ("options", "timestamp"),
    ("assumptions", 0), ("null_cells", 0, "column"), ("rejected", 0, "where"), ("rejected", 0, "code"),
]
FLAGS = [("sources", 0, "has_created"), ("options", "full_names")]


@pytest.fixture
def with_rejects(applied):
    with open(applied.path("data/purchases.csv"), "a") as file:
        file.write("ann,books,1.0,\n")
    applied.ok(*ASK, "--labels", "buys_again_7d", "--out", "t.arrow")
    return applied


@pytest.mark.parametrize("place", NUMBERS + WORDS + FLAGS, ids=lambda place: ".".join(map(str, place)))
def test_every_field_of_an_edited_proof(with_rejects, place):
    """By its digest; and when that is forged too, by what the field is about."""
    def change(proof):
        at = proof
        for step in place[:-1]:
            at = at[step]
        value = at[place[-1]]
        at[place[-1]] = (not value) if isinstance(value, bool) else value + 1 if isinstance(value, int) else "x" + value

    assert verified(with_rejects, "t.arrow")["verified"]
    edit_proof(with_rejects, "t.arrow", change)
    found(with_rejects, "t.arrow", "the proof was edited: its digest is")
    forge_digest(with_rejects, "t.arrow")
    found(with_rejects, "t.arrow")


@pytest.mark.parametrize(
    ("view", "event", "created", "words"),
    [("user_spend", 0, None, "came after its row"), ("user_profile", 1, None, "came after its row"),
     ("user_profile", -1, 1, "came after its row"), ("user_spend", -(10**15), None, "came as near as"),
     ("user_profile", None, None, "came as near as"), ("user_spend", -1, None, None)],
)
def test_gaps(proven, view, event, created, words):
    """What was used never came after its row, nor nearer than the proof says."""
    gap = {"view": view, "event_us": event, "created_us": created}
    edit_proof(proven, "t.parquet", lambda proof: proof.update(gaps=[gap]))
    forge_digest(proven, "t.parquet")
    if words:
        found(proven, "t.parquet", f"view {view}", words)
    else:
        assert verified(proven, "t.parquet")["verified"]


@pytest.mark.parametrize("lost", ["columns", "sources", "rejected", "null_cells", "assumptions"])
def test_a_proof_that_says_less(with_rejects, lost):
    edit_proof(with_rejects, "t.arrow", lambda proof: proof[lost].pop())
    forge_digest(with_rejects, "t.arrow")
    found(with_rejects, "t.arrow")


def test_a_proof_in_other_bytes(proven):
    path = proven.path("t.parquet.proof.json")
    text = path.read_text()
    path.write_text(json.dumps(json.loads(text)))
    found(proven, "t.parquet", "its text is not the one")
    path.write_text(text.replace('"in": 5,', '"in": 5,\n    "in": 5,'))
    assert proven.run("training-set", "--verify", "t.parquet").code != 0


def test_a_proof_that_is_none(proven):
    path = proven.path("t.parquet.proof.json")
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    assert "t.parquet.proof.json" in proven.refused(1, "corrupt", "training-set", "--verify", "t.parquet").err
    path.write_text(text.replace('"format_version": 1', '"format_version": 2'))
    assert "format_version" in proven.refused(1, "corrupt", "training-set", "--verify", "t.parquet").err
    path.unlink()
    assert "proof.json" in proven.refused(1, "file_not_found", "training-set", "--verify", "t.parquet").err
    assert "nope" in proven.refused(1, "file_not_found", "training-set", "--verify", "nope.parquet").err


def test_the_proof_of_another_training_set(proven):
    proven.ok(*ASK, "--out", "u.parquet")
    shutil.copy(proven.path("u.parquet.proof.json"), proven.path("t.parquet.proof.json"))
    found(proven, "t.parquet", "the output's")


def test_the_registry_deleted_and_another_one(proven):
    proven.path("registry.db").unlink()
    found(proven, "t.parquet", "definitions of version 1")
    proven.replace(USERS, "sum: sum(amount)", "sum: sum(amount * 2)")
    proven.ok("apply")
    found(proven, "t.parquet", "column 'sum_7d'", "with hash")


# What becomes of the old proof.


def test_a_failed_run_leaves_the_old_pair_alone(proven):
    proven.path("data/purchases.csv").rename(proven.path("data/gone.csv"))
    assert proven.run(*ASK, "--out", "t.parquet").code == 1
    proven.path("data/gone.csv").rename(proven.path("data/purchases.csv"))
    assert verified(proven, "t.parquet")["verified"]


def test_a_folder_in_the_output_s_place_stops_the_run(proven):
    proven.path("t.parquet").unlink()
    proven.path("t.parquet").mkdir()
    assert proven.run(*ASK, "--out", "t.parquet").code != 0
    assert not list(proven.path("t.parquet").iterdir())


def test_a_proof_that_cannot_be_removed_stops_the_run(applied):
    applied.ok(*ASK, "--out", "t.csv")
    before = applied.path("t.csv").read_bytes()
    applied.path("t.csv.proof.json").unlink()
    applied.path("t.csv.proof.json/inside").mkdir(parents=True)
    assert "t.csv.proof.json" in applied.refused(1, "io_error", *ASK, "--labels", "buys_again_7d", "--out", "t.csv").err
    assert applied.path("t.csv").read_bytes() == before


@pytest.mark.parametrize("option", [("--spine", "x.csv"), ("--out", "x.csv"), ("--strict",), ("--features", "a:b"),
                                    ("--every", "1d"), ("--ignore-created",), ("--timestamp", "t")])
def test_options_that_do_not_go_together(proven, option):
    refused = proven.refused(2, "usage", "training-set", "--verify", "t.parquet", *option)
    assert option[0] in refused.err
    proven.refused(2, "usage", *ASK, "--out", "u.csv", "--sample", "3")
