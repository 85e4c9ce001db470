"""init, plan, apply, list, show, lineage, history: the registry from the outside."""

import concurrent.futures
import json
import os
import sqlite3
import subprocess

import pytest

from conftest import BINARY, Repository

USERS = "features/users.yaml"


def test_a_new_repository_runs_from_init_to_history(empty):
    made = empty.ok("init", "my_shop")
    assert "features/users.yaml" in made.out
    repository = Repository(empty.folder / "my_shop")
    before = repository.files()
    plan = repository.ok("plan")
    assert "+ feature user_spend:sum_7d  (float64 = sum(amount) over 7d)" in plan.out
    assert repository.files() == before, "plan changes nothing"
    apply = repository.ok("apply", "--author", "ann")
    assert apply.out.endswith("applied as version 1\n")
    assert repository.files() == before | {"registry.db"}
    history = repository.ok("history")
    assert history.out.startswith("version 1  20") and "  ann\n" in history.out


def test_a_second_apply_does_nothing(applied):
    assert "nothing to do: version 1 says the same" in applied.ok("apply").out
    plan = applied.ok("plan", "--json").json
    assert (plan["base"], plan["changes"], plan["diff"]) == (1, False, [])
    assert applied.run("apply", "--skip-code").code == 99
    assert applied.run("plan", "--skip-code").code == 99
    assert len(applied.ok("history", "--json").json) == 1


def test_plan_estimates_what_the_views_take_online(applied):
    applied.path("data/purchases.csv").write_text("user_id,event_time,amount\n")
    applied.path(USERS).write_text("""\
entities: {user: {keys: {user_id: string}}}
sources:
  purchases: {path: data/purchases.csv, timestamp: event_time, columns: {user_id: string, event_time: timestamp, amount: float64}}
  clicks: {timestamp: event_time, columns: {user_id: string, event_time: timestamp}}
views:
  spend: {entity: user, source: purchases, window: 7d, history: all, features: {sum: sum(amount)}}
  visits: {entity: user, source: purchases, window: 90d, history: all, features: {visits: count()}}
  recent: {entity: user, source: purchases, where: amount >= 0, window: 7d, features: {recent: count()}}
  clicked: {entity: user, source: clicks, window: 7d, features: {clicks: count()}}
""")
    assert "recent: not estimated: its source has no rows yet\n" in applied.ok("plan").out
    rows = [f"u{i % 1000},2025-01-{1 + i % 28:02}T00:00:00Z,{i % 97}.25\n" for i in range(20_000)]
    applied.path("data/purchases.csv").write_text("user_id,event_time,amount\n" + "".join(rows))
    plan = applied.ok("plan").out
    assert "  recent: nothing: its source has no row that would be kept now\n" in plan
    assert "  clicked: not estimated: source 'clicks' has no `path`, and no pushed rows\n" in plan
    assert " bytes a key; 20000 events of 1000 keys: about " in plan
    online = applied.ok("plan", "--json").json["online"]
    (shared,) = [one for one in online["shared"] if one["views"] == ["spend", "visits"]]
    assert (shared["events"], shared["keys"]) == (20_000, 1000)
    assert online["bytes"] == shared["bytes"], "the others take nothing"
    assert not applied.path("online").exists(), "it opens no store"
    applied.ok("apply")
    applied.ok("materialize")
    measured = applied.path("online/data.mdb").stat().st_size
    assert measured / 1.5 < shared["bytes"] < measured * 1.5


def test_comments_and_files_are_no_change(applied):
    text = applied.path(USERS).read_text()
    head, views = text.split("views:\n")
    applied.path(USERS).write_text("# another comment\n" + head)
    applied.path("features/views.yaml").write_text("views:\n" + views)
    assert applied.run("apply", "--skip-code").code == 99


def test_a_change_is_planned_and_becomes_the_next_version(applied):
    applied.replace(USERS, "windows: [7d, 30d]", "windows: [7d, 30d, 90d]")
    plan = applied.ok("plan", "--json").json
    assert plan["base"] == 1 and plan["changes"]
    assert [change["name"] for change in plan["diff"] if change["change"] == "added"] == [
        "user_spend:count_90d", "user_spend:sum_90d", "user_spend:categories_90d", "user_spend:big_90d"]
    assert not [change for change in plan["diff"] if change["change"] == "removed"]
    applied.ok("apply", "--author", "bob")
    history = applied.ok("history", "--json").json
    assert [(version["version"], version["author"]) for version in history] == [(2, "bob"), (1, "ann")]
    assert "+ feature user_spend:sum_90d" in history[0]["diff"]


def test_a_moved_file_changes_its_location_alone(applied):
    applied.path("data/purchases.csv").rename(applied.path("data/bought.csv"))
    applied.replace(USERS, "data/purchases.csv", "data/bought.csv")
    (change,) = applied.ok("plan", "--json").json["diff"]
    assert change["consequence"] == "only its location changes"
    assert change["properties"] == {"path": {"from": "data/purchases.csv", "to": "data/bought.csv"}}


def test_list_shows_every_kind(applied):
    items = applied.ok("list", "--json").json["items"]
    assert {item["kind"] for item in items} == {"entity", "source", "view", "feature", "label", "service"}
    assert "user_spend:trend" in {item["name"] for item in items}
    services = applied.ok("list", "services").out.splitlines()
    assert len(services) == 2 and services[1].startswith("service  ranking_v1")
    applied.refused(2, "unknown_name", "list", "viewz")


def test_show_by_full_and_short_name(applied):
    shown = applied.ok("show", "sum_7d", "--json").json
    assert shown["kind"] == "feature" and shown["name"] == "user_spend:sum_7d"
    assert shown["properties"]["value"] == "sum(amount)"
    assert len(shown["properties"]["hash"]) == 16
    assert "window" in applied.ok("show", "user_spend:sum_7d").out
    assert applied.ok("show", "user", "--kind", "entity", "--json").json["properties"]["keys"] == {
        "user_id": "string"}


def test_unknown_names_get_the_nearest(applied):
    assert "'user_spend'" in applied.refused(2, "unknown_name", "show", "user_spent").err
    assert "sum_7d" in applied.refused(2, "unknown_name", "lineage", "user_spend:sun_7d").err


def test_lineage_reaches_columns_and_services(applied):
    lineage = applied.ok("lineage", "user_spend:trend", "--json").json
    inputs = {(edge["input"]["kind"], edge["input"]["name"]) for edge in lineage["inputs"]}
    assert ("feature", "user_spend:count_30d") in inputs and ("column", "purchases.user_id") in inputs
    users = applied.ok("lineage", "purchases.amount").out
    assert "service ranking_v1" in users and "feature user_spend:sum_7d" in users


def test_before_the_first_apply_everything_says_so(made):
    for command in (["list"], ["show", "user_spend"], ["lineage", "user_spend"]):
        assert "millrace apply" in made.refused(2, "not_ready", *command).err
    assert made.ok("history", "--json").json == []
    assert not made.path("registry.db").exists()


def test_all_problems_at_once_each_with_its_place(made):
    made.replace(USERS, "sum(amount)", "sum(amuont)")
    made.replace(USERS, "nunique(category)", "nuniqe(category)")
    refused = made.refused(2, "unknown_name", "plan")
    assert refused.problems() == ["unknown_name", "unknown_name"]
    lines = made.path(USERS).read_text().splitlines()
    for line in refused.err.splitlines():
        file, number, column, _ = line.split(":", 3)
        assert file == USERS
        assert lines[int(number) - 1][int(column) - 1 :].startswith(("amuont", "nuniqe"))
    assert "did you mean 'amount'?" in refused.err and "did you mean 'nunique'?" in refused.err


def test_a_wrong_definition_changes_nothing(applied):
    before = applied.path("registry.db").read_bytes()
    applied.replace(USERS, "sum(amount)", "sum(category)")
    assert applied.run("apply").code == 2
    assert applied.path("registry.db").read_bytes() == before
    assert applied.ok("show", "sum_7d", "--json").json["properties"]["value"] == "sum(amount)"


def test_a_missing_source_file_is_found_by_plan_where_types_come_from_it(made):
    made.replace(USERS, "path: data/profiles.csv\n    timestamp: changed_at\n    columns: "
                 "{user_id: string, device: string, changed_at: timestamp}",
                 "path: data/profiles.parquet\n    timestamp: changed_at")
    refused = made.run("plan")
    assert refused.code == 1 and "file_not_found" in refused.problems()
    assert "profiles.parquet" in refused.err


def test_concurrent_applies_of_one_commit_make_one_version(made):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda i: made.run("apply", "--author", f"ci{i}"), range(8)))
    assert [outcome.code for outcome in outcomes] == [0] * 8, outcomes
    assert len(made.ok("history", "--json").json) == 1


def test_concurrent_applies_of_different_definitions_lose_nothing(applied, tmp_path):
    """Each checkout says something else; whoever loses the race hears `conflict` and adds nothing."""
    checkouts = []
    for i in range(6):
        folder = tmp_path / f"checkout{i}"
        (folder / "features").mkdir(parents=True)
        (folder / "data").symlink_to(applied.path("data"))
        text = applied.path(USERS).read_text().replace("windows: [7d, 30d]", f"windows: [7d, 30d, {i + 40}d]")
        (folder / USERS).write_text(text)
        (folder / "millrace.yaml").write_text(
            applied.path("millrace.yaml").read_text().replace("registry.db", str(applied.path("registry.db"))))
        checkouts.append(Repository(folder))
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda one: one.run("apply", "--base", "1"), checkouts))
    assert sorted(outcome.code for outcome in outcomes) == [0, 1, 1, 1, 1, 1]
    losers = [outcome for outcome in outcomes if outcome.code == 1]
    assert all(loser.problems() == ["conflict"] for loser in losers)
    assert len(applied.ok("history", "--json").json) == 2


def test_another_projects_registry_is_refused(applied):
    applied.replace("millrace.yaml", "my_shop", "other")
    assert "belongs to project 'my_shop'" in applied.refused(1, "conflict", "list").err


def test_a_damaged_registry_is_named(applied):
    applied.path("registry.db").write_bytes(b"x" * 4096)
    for command in ("plan", "apply", "list", "history"):
        applied.refused(1, "corrupt", command)


def test_the_registry_reads_with_plain_sqlite(applied):
    with sqlite3.connect(applied.path("registry.db")) as registry:
        assert registry.execute("select number, author from versions").fetchall() == [(1, "ann")]
        (text,) = registry.execute("select text from definitions where file = ?", (USERS,)).fetchone()
        assert text.decode() == applied.path(USERS).read_text()
        with pytest.raises(sqlite3.DatabaseError, match="immutable"):
            registry.execute("delete from versions")


def test_environment_variables_are_stored_unexpanded(made):
    made.replace(USERS, "data/purchases.csv", "${PURCHASES_DIR:-data}/purchases.csv")
    made.ok("apply")
    assert made.ok("show", "purchases", "--json").json["properties"]["path"] == (
        "${PURCHASES_DIR:-data}/purchases.csv")
    assert made.run("apply", "--skip-code", env={**os.environ, "PURCHASES_DIR": "data/."}).code == 99


def test_the_registry_by_postgresql_url_is_reserved(made):
    made.replace("millrace.yaml", "sqlite:registry.db", "postgresql://me@host/db")
    assert "postgresql" in made.refused(2, "reserved", "plan").err


def test_project_option_before_and_after_the_command(applied):
    outside = Repository(applied.folder.parent)
    assert outside.ok("--project", "my_shop", "list").out == outside.ok("list", "--project", "my_shop").out
    assert "millrace.yaml" in outside.refused(1, "file_not_found", "list").err


def test_a_full_disk_is_an_error_not_success(applied):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BINARY, "list"], cwd=applied.folder, stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=60)
    assert done.returncode == 1 and "[io_error]" in done.stderr


def test_a_reader_that_goes_away_kills_nothing(applied):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        done = subprocess.run([BINARY, "list"], cwd=applied.folder, stdout=gone, stderr=subprocess.PIPE,
                              text=True, timeout=60)
    assert done.returncode == 1


def test_doctor_and_version(applied):
    assert applied.ok("version", "--json").json["version"]
    checks = applied.ok("doctor", "--json").json["checks"]
    assert all(check["ok"] for check in checks), checks
    applied.path("data/purchases.csv").unlink()
    ill = applied.run("doctor", "--json")
    assert ill.code == 1
    assert [check["name"] for check in json.loads(ill.out)["checks"] if not check["ok"]] == [
        "source purchases"]


@pytest.mark.parametrize("command", ["stream", "sql", "audit"])
def test_what_is_not_built_is_refused_by_name(made, command):
    made.refused(2, "reserved", command, "--some", "thing")


def test_mistyped_words(made):
    assert "'plan'" in made.refused(2, "usage", "plann").err
    assert "'--spine'" in made.refused(2, "usage", "training-set", "--spin", "x").err
    made.refused(2, "usage")
