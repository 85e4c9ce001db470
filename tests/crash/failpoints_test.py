"""Every failpoint of the sources, passed by the commands that pass it and failing there in every way: what is
read afterwards is as it was before or after, what was acknowledged is there, and the next run ends the work.
"""

import re
import signal

import pytest

from shop import ROOT, Shop, clicks, clicks_values, killed, orders_values

DUE = "log.compact.due=error"
# Which commands pass it: the keys of WORK. log.compact.due is a switch for tests, and fails nothing.
FAILPOINTS = {
    "kv.put": ["build", "materialize", "rebuild", "push", "vacuum"],
    "kv.commit.before": ["build", "materialize", "rebuild", "push", "vacuum"],
    "kv.commit.after": ["build", "materialize", "rebuild", "push", "vacuum"],
    "kv.bulk": ["build", "rebuild"],
    "log.append.write": ["push"],
    "log.append.sync": ["push_synced"],
    "log.compact.due": [],
    "log.compact.write": ["push_compacted"],
    "log.compact.remove": ["push_compacted"],
}
WORK = sorted({name for names in FAILPOINTS.values() for name in names})
CODES = {"error": "io_error", "full": "disk_full"}
BATCH, BATCHES = 4, 5  # rows that are acknowledged together, and how often, in a push
BEFORE = 6  # rows that were pushed before


def test_no_failpoint_is_forgotten():
    names = set()
    for path in (ROOT / "src").rglob("*.cc"):
        if not path.name.endswith("_test.cc"):
            names.update(re.findall(r'Failpoint\("([a-z.]+)"\)', path.read_text()))
    assert names == set(FAILPOINTS)


@pytest.fixture(scope="module")
def started(room) -> dict[str, Shop]:
    """For each work a shop that is about to do it."""
    new = Shop.made(room / "build")
    new.write_orders(0, 30)
    new.write_levels(1, {"u0": 3})
    shop = new.copy(room / "materialize")
    assert shop.push(clicks(1, 1 + BEFORE)).code == 0
    shop.ok("materialize")
    pushing = shop.copy(room / "push")
    synced = shop.copy(room / "push_synced")
    with open(synced.folder / "millrace.yaml", "a") as settings:
        settings.write("durability: sync\n")
    shop.write_orders(30, 50)
    shop.write_orders(50, 70)
    shop.write_levels(2, {"u0": 4, "u2": 1})
    rebuilding = shop.copy(room / "rebuild")
    vacuuming = rebuilding.copy(room / "vacuum")
    vacuuming.ok("materialize", "--rebuild", "ordered")
    return {"build": new, "materialize": shop, "rebuild": rebuilding, "vacuum": vacuuming, "push": pushing,
            "push_synced": synced, "push_compacted": pushing}


ARGUMENTS = {"build": ["materialize"], "materialize": ["materialize"], "vacuum": ["vacuum", "--online"],
             "rebuild": ["materialize", "--rebuild", "ordered", "profile"]}


def passes(failpoint: str, work: str, how: str) -> list[int]:
    """Which passes of it are to fail; more than there are end the test."""
    if failpoint == "kv.put":
        return [1, 2, 3, 5, 8, 13, 21, 34] if how == "kill" else [1, 4]
    return [1, 2, 3, 6] if how == "kill" and "push" in work else [1, 2]


@pytest.mark.parametrize("how", ["kill", "error", "full"])
@pytest.mark.parametrize(("failpoint", "work"), [
    (name, work) for name, works in FAILPOINTS.items() for work in works if not work.startswith("push")])
def test_all_or_nothing(started, folder, failpoint, work, how):
    whole = started[work].copy(folder.with_name("whole"))
    before = None if work == "build" else whole.read()
    whole.ok(*ARGUMENTS[work])
    after = whole.read()
    assert after == orders_values(30 if work == "build" else 70) | {
        name: after[name] for name in ("user_id", "sum", "count", "clicks", "level")}
    assert after["level"] == ([3, None, None] if work == "build" else [4, None, 1])
    if work == "vacuum":
        assert before == after
    for number in passes(failpoint, work, how):
        shop = started[work].copy(folder)
        ended = shop.run(*ARGUMENTS[work], failpoints=f"{failpoint}={how}@{number}")
        if ended.code == 0:
            assert number > 1, "it is not passed"
            break
        if how == "kill":
            assert ended.code == -signal.SIGKILL
        else:
            assert (ended.code, ended.problems()) == (1, [CODES[how]])
        if work == "build":
            # Nothing is served of what was built half.
            asked = shop.run("get", "--features", "ordered:*", "--key", "user_id=u0")
            assert asked.code == 0 or asked.problems() in (["not_ready"], ["file_not_found"]), asked
            assert (asked.code == 0) == (failpoint == "kv.commit.after"), asked
        else:
            assert shop.read() == (after if failpoint == "kv.commit.after" else before)
        shop.ok(*ARGUMENTS[work])
        assert shop.read() == after
        # Whatever was left behind is out of the way, too.
        shop.ok("vacuum", "--online")
        assert shop.read() == after
        assert shop.run("materialize", "--skip-code").code == 99


@pytest.mark.parametrize("how", ["kill", "error", "full"])
@pytest.mark.parametrize(("failpoint", "work"), [
    (name, work) for name, works in FAILPOINTS.items() for work in works if work.startswith("push")])
def test_what_was_acknowledged(started, folder, failpoint, work, how):
    end = BEFORE + BATCH * BATCHES
    due = f"{DUE}," if work == "push_compacted" else ""
    rows = clicks(BEFORE + 1, end + 1)
    for number in passes(failpoint, work, how):
        shop = started[work].copy(folder)
        ended = shop.push(rows, "--batch-rows", str(BATCH), failpoints=f"{due}{failpoint}={how}@{number}")
        acknowledged = max(BEFORE, ended.acknowledged())
        if how == "kill":
            if not killed(ended):
                assert number > 1, "it is not passed"
                break
        elif (failpoint, number) == ("log.compact.remove", 1):
            # As it opens the log, which may have what a compaction had no time to remove.
            assert (ended.code, ended.problems(), ended.out) == (1, [CODES[how]], "")
        elif failpoint.startswith("log.compact"):
            # A log that stays as it is has lost nothing.
            assert ended.code == 0 and acknowledged == end and "could not be compacted" in ended.err
        elif ended.code == 0:
            assert number > 1, "it is not passed"
            break
        else:
            assert (ended.code, ended.problems()) == (1, [CODES[how]])
        there = shop.clicks_counted()
        assert acknowledged <= there <= acknowledged + BATCH and (there - BEFORE) % BATCH == 0
        # What the log has more than the store comes to it by either.
        if number % 2:
            assert shop.push([]).code == 0
        else:
            shop.ok("materialize")
        there = shop.clicks_counted()
        assert acknowledged <= there <= acknowledged + BATCH and (there - BEFORE) % BATCH == 0
        # A row that is refused is not in the log either.
        if failpoint.startswith("log.append") and how != "kill":
            assert there == acknowledged
        assert shop.push(clicks(there + 1, end + 1), failpoints=due).code == 0
        assert shop.clicks_counted() == end
        assert shop.run("materialize", "--skip-code").code == 99
        if number == 1:
            trained = shop.trained_on()
            expected = clicks_values(end)
            assert {name: trained[name] for name in expected} == expected
