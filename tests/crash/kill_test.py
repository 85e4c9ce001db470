"""kill -9 at random moments, over and over on the same store: what was acknowledged is there, nothing twice,
nothing half; and what comes of it all is what comes without.
"""

import http.client
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import pytest

from feature_server import FeatureServer
from shop import ROOT, Ended, Shop, click, clicks, clicks_values, killed, orders_values, seeded, time_of, user_of

PUSH_KILLS, COMPACTION_KILLS, MATERIALIZE_KILLS, BUILD_KILLS = 75, 55, 60, 20
SERVER_KILLS = 20
REDIS_KILLS = 10  # of each
ROWS_MAX = 120  # that are sent to one process before it is killed


def test_there_are_enough():
    assert PUSH_KILLS + COMPACTION_KILLS + MATERIALIZE_KILLS + BUILD_KILLS >= 200


def kill_at(process: subprocess.Popen, seconds: float) -> Ended:
    time.sleep(seconds)
    process.kill()
    out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out, err)


class Kills:
    """Until there were so many; a process that came to its end before counts for none."""

    def __init__(self, wanted: int):
        self.left = wanted
        self.tries = 20 * wanted

    def go_on(self) -> bool:
        self.tries -= 1
        assert self.tries > 0, "nearly nothing is killed in time"
        return self.left > 0

    def count(self, ended: Ended) -> bool:
        self.left -= killed(ended)
        return ended.code != 0


def push_until_killed(shop: Shop, first: int, draw: random.Random, failpoints: str) -> tuple[Ended, int]:
    """A producer that sends rows a few at a time; and the last row that it sent."""
    process = shop.start("push", "clicks", "--json", "--batch-rows", str(draw.choice([1, 3, 50])),
                         failpoints=failpoints)
    # At its start, while it catches up with the log; or among the batches.
    starts = draw.random() < 0.3
    end = time.monotonic() + draw.uniform(0, 0.06) if starts else None
    sent = first - 1
    heard = ""
    while sent < first - 1 + ROWS_MAX and (end is None or time.monotonic() < end):
        some = draw.randint(1, 4)
        try:
            process.stdin.write("".join(click(row) + "\n" for row in range(sent + 1, sent + 1 + some)))
            process.stdin.flush()
        except BrokenPipeError:
            raise AssertionError(process.communicate()[1]) from None
        sent += some
        if end is None:
            heard = process.stdout.readline()
            end = time.monotonic() + draw.uniform(0, 0.03)
        time.sleep(draw.choice([0, 0, 0.001, 0.003]))
    process.send_signal(signal.SIGKILL)
    # Not communicate(): it does not see what readline() has read ahead.
    out, err = process.stdout.read(), process.stderr.read()
    return Ended(process.wait(timeout=60), heard + out, err), sent


def kill_pushes(shop: Shop, kills: int, failpoints: str = "") -> int:
    """How many rows are there at the end: the first ones, all of them."""
    draw = seeded(f"pushes {failpoints}")
    count = Kills(kills)
    there = 0
    while count.go_on():
        ended, sent = push_until_killed(shop, there + 1, draw, failpoints)
        assert count.count(ended)
        known = max(there, ended.acknowledged())
        assert known <= shop.clicks_counted() <= sent
        # The log may have more than the store, which the next one to come sees to, unless it is killed too.
        if draw.random() < 0.3:
            count.count(kill_at(shop.start("push", "clicks", failpoints=failpoints), draw.uniform(0, 0.06)))
        assert shop.push([], failpoints=failpoints).code == 0
        there = shop.clicks_counted()
        assert known <= there <= sent
    return there


def check_clicks(shop: Shop, undisturbed: Shop, rows: int) -> None:
    """Against a store that got these rows in one piece, and against what training is given."""
    assert undisturbed.push(clicks(1, rows + 1)).code == 0
    for each in (shop, undisturbed):
        each.ok("materialize")
    assert shop.read() == undisturbed.read()
    trained = shop.trained_on()
    expected = clicks_values(rows)
    assert {name: trained[name] for name in expected} == expected
    assert trained == undisturbed.trained_on()


def test_push(shop, folder):
    rows = kill_pushes(shop, PUSH_KILLS)
    assert rows > PUSH_KILLS
    check_clicks(shop, Shop.made(folder.with_name("undisturbed")), rows)


def test_push_with_compaction_due_all_the_time(shop, folder):
    rows = kill_pushes(shop, COMPACTION_KILLS, "log.compact.due=error")
    check_clicks(shop, Shop.made(folder.with_name("undisturbed")), rows)
    files = sorted(path.suffix for path in (shop.folder / "lake/push/clicks").iterdir())
    assert ".parquet" in files and len(files) < 60
    # Nothing lies around that was never finished.
    assert shop.push([]).code == 0
    assert not list((shop.folder / "lake/push/clicks").glob("*.tmp"))


def add_rows(shop: Shop, number: int, in_files: bool = True) -> None:
    """Three files of orders, or two and a push; and one of levels."""
    for part in range(3):
        first = 150 * number + 50 * part
        if in_files or part < 2:
            shop.write_orders(first, first + 50)
        else:
            shop.push_orders(first, first + 50)
    shop.write_levels(1 + number, {f"u{number % 3}": number})


def kill_materializes(shop: Shop, kills: int) -> int:
    """How often there was something new."""
    draw = seeded("materializes")
    add_rows(shop, 0)
    shop.ok("materialize")
    count = Kills(kills)
    number = 0
    before = shop.read()
    took = 0.05
    while count.go_on():
        number += 1
        levels = before["level"]
        add_rows(shop, number, in_files=draw.random() < 0.6)
        before = shop.read()
        arguments = draw.choice([["materialize"], ["materialize"], ["materialize", "--rebuild", "ordered"],
                                 ["materialize", "--rebuild"]])
        after = None
        for _ in range(draw.randint(1, 4)):
            count.count(kill_at(shop.start(*arguments), draw.uniform(0, 1.2 * took)))
            now = shop.read()
            after = before | orders_values(150 * (number + 1))
            after["level"] = [number if user == number % 3 else level for user, level in enumerate(levels)]
            assert now in (before, after)
        began = time.monotonic()
        shop.ok(*arguments)
        took = time.monotonic() - began
        before = shop.read()
        assert before == after
        assert shop.run("materialize", "--skip-code").code == 99
        if draw.random() < 0.3:
            count.count(kill_at(shop.start("vacuum", "--online"), draw.uniform(0, took)))
            assert shop.read() == before
    shop.ok("vacuum", "--online")
    assert shop.read() == before
    return number


def test_materialize(shop, folder):
    number = kill_materializes(shop, MATERIALIZE_KILLS)
    undisturbed = Shop.made(folder.with_name("undisturbed"))
    for each in range(number + 1):
        add_rows(undisturbed, each)
    undisturbed.ok("materialize")
    assert shop.read() == undisturbed.read()
    features = "ordered:*,profile:level"
    assert shop.trained_on(features) == undisturbed.trained_on(features)


def test_a_first_build(shop, folder):
    """Whose bulk load goes beside the commits."""
    draw = seeded("builds")
    for number in range(10):
        add_rows(shop, number, in_files=number % 2 == 0)
    count = Kills(BUILD_KILLS)
    expected = orders_values(1_500)
    while count.go_on():
        killed_shop = shop.copy(folder.with_name("killed"))
        for _ in range(2):
            count.count(kill_at(killed_shop.start("materialize"), draw.uniform(0, 0.06)))
            asked = killed_shop.run("get", "--features", "ordered:orders_30d", "--key", "user_id=u0", "--json")
            if asked.code == 0:
                there = killed_shop.read()
                assert {name: there[name] for name in expected} == expected
            else:
                assert asked.problems() in (["file_not_found"], ["not_ready"]), asked
        killed_shop.ok("materialize")
        there = killed_shop.read()
        assert {name: there[name] for name in expected} == expected


class Materializing(threading.Thread):
    """Run after run in a server, until it is gone: what is asked of it is answered as it should be."""

    def __init__(self, server: FeatureServer, draw: random.Random):
        super().__init__()
        self.server = server
        self.rebuilds = [draw.random() < 0.4 for _ in range(1_000)]
        self.wrong = []
        self.runs = 0
        self.start()

    def run(self):
        for rebuild in self.rebuilds:
            try:
                answer = self.server.post("/materialize-incremental", {"feature_views": None, "rebuild": rebuild})
            except (OSError, http.client.HTTPException):
                return
            self.runs += 1
            if answer.status != 200:
                self.wrong.append(answer.body)


def push_to(server: FeatureServer, first: int, seconds: float) -> tuple[int, int]:
    """The last row that was acknowledged before the server was killed, and the last one that was sent."""
    known = sent = first - 1
    killer = threading.Timer(seconds, server.process.kill)
    killer.start()
    while True:
        sent += 1
        row = {"user_id": [user_of(sent)], "amount": [float(sent)], "event_time": [time_of(sent)]}
        try:
            answer = server.post("/push", {"push_source_name": "clicks", "df": row, "to": "online_and_offline"})
        except (OSError, http.client.HTTPException):
            killer.join()
            server.wait()
            return known, sent
        assert answer.status == 200, answer.body
        known = sent


def kill_servers(shop: Shop, kills: int) -> int:
    """That materialize while rows are pushed. How many rows are there at the end: the first ones, all of them."""
    draw = seeded("servers")
    there = runs = number = 0
    for _ in range(kills):
        add_rows(shop, number)
        number += 1
        with FeatureServer(shop.folder) as server:
            materializing = Materializing(server, draw)
            known, sent = push_to(server, there + 1, draw.uniform(0, 0.5))
            materializing.join()
        assert not materializing.wrong
        runs += materializing.runs
        assert shop.push([]).code == 0
        there = shop.clicks_counted()
        assert known <= there <= sent
        if draw.random() < 0.3:
            shop.ok("vacuum", "--online")
        shop.ok("materialize")
        asked = shop.read()
        expected = clicks_values(there) | orders_values(150 * number)
        assert {name: asked[name] for name in expected} == expected
        assert shop.run("materialize", "--skip-code").code == 99
    assert runs > kills
    return there


def test_servers(shop, folder):
    assert kill_servers(shop, SERVER_KILLS) > SERVER_KILLS
    trained, there = shop.trained_on(), shop.read()
    assert trained == {name: there[name] for name in trained}


@pytest.fixture
def redis(tmp_path_factory):
    folder = tmp_path_factory.mktemp("redis")
    script = pathlib.Path(ROOT, "tests/servers/redis.sh")
    out = subprocess.run([script, "start", folder, str(os.getpid())], check=True, capture_output=True, text=True).stdout
    yield dict(line.split("=", 1) for line in out.splitlines())["MILLRACE_REDIS_UNIX_URL"]
    subprocess.run([script, "stop", folder], check=True)


def test_redis(redis, folder):
    """One database for both: projects have their own keys."""
    pushed = Shop.made(folder, f'online: "{redis}"\n')
    rows = kill_pushes(pushed, REDIS_KILLS)
    check_clicks(pushed, Shop.made(folder.with_name("undisturbed")), rows)
    served = Shop.made(folder.with_name("served"), f'online: "{redis}"\n', name="served")
    assert kill_servers(served, REDIS_KILLS) > REDIS_KILLS
    filled = Shop.made(folder.with_name("filled"), f'online: "{redis}"\n', name="filled")
    assert kill_materializes(filled, REDIS_KILLS) > 0
