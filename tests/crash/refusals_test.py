"""Stores that are not ours to have or not what they should be, and disks that are full: every command says so
by its code and leaves all as it was.
"""

import fcntl
import resource
import signal

import pytest

from shop import Ended, Shop, clicks, clicks_values

COMMANDS = {
    "materialize": ["materialize", "--wait", "0"],
    "push": ["push", "clicks", "--wait", "0"],
    "vacuum": ["vacuum", "--online", "--wait", "0"],
    "get": ["get", "--features", "total:clicks"],
}
WRITERS = [name for name in COMMANDS if name != "get"]


@pytest.fixture
def pushed(shop) -> Shop:
    assert shop.push(clicks(1, 11)).code == 0
    shop.ok("materialize")
    return shop


def run(shop: Shop, command: str, **options) -> Ended:
    lines = clicks(11, 12) if command == "push" else []
    return shop.run(*COMMANDS[command], lines=lines, **options)


def refused(ended: Ended, code: str) -> Ended:
    assert (ended.code, ended.out, ended.problems()[:1]) == (1, "", [code]), ended
    return ended


@pytest.mark.parametrize("command", WRITERS)
def test_another_owner(pushed, command):
    with open(pushed.folder / "online/owner.lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(run(pushed, command), "store_owned")
        assert pushed.clicks_counted() == 10  # readers are not kept away
    assert run(pushed, command).code == 0
    assert pushed.clicks_counted() == 10 + (command == "push")


@pytest.mark.parametrize("command", ["materialize", "vacuum", "push"])
def test_a_writer_that_goes_on(pushed, command):
    process = pushed.start("push", "clicks", "--json")
    process.stdin.write("\n".join(clicks(11, 12)) + "\n")
    process.stdin.flush()
    process.stdout.readline()
    assert str(process.pid) in refused(run(pushed, command), "store_owned").err
    process.send_signal(signal.SIGKILL)
    process.communicate()
    # Who was killed owns nothing.
    assert pushed.run(*COMMANDS[command]).code == 0
    assert pushed.clicks_counted() == 11


@pytest.mark.parametrize("command", COMMANDS)
def test_the_store_of_another_project(pushed, folder, command):
    other = Shop.made(folder.with_name("other"), "online: lmdb:../shop/online\n", name="other")
    assert "'shop'" in refused(run(other, command), "conflict").err
    assert pushed.clicks_counted() == 10
    assert pushed.run("materialize", "--skip-code").code == 99


def garbage(shop: Shop) -> None:
    (shop.folder / "online/data.mdb").write_bytes(b"what is this? " * 4096)


def file(shop: Shop) -> None:
    for path in (shop.folder / "online").iterdir():
        path.unlink()
    (shop.folder / "online").rmdir()
    (shop.folder / "online").write_text("no store\n")


def other_things(shop: Shop) -> None:
    for path in (shop.folder / "online").iterdir():
        path.unlink()
    (shop.folder / "online/holiday.jpg").write_text("no store\n")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("what", [garbage, file, other_things])
def test_what_is_no_store(pushed, command, what):
    what(pushed)
    there = {path: path.read_bytes() for path in pushed.folder.rglob("*")
             if path.is_file() and path.name not in ("lock.mdb", "owner.lock")}
    ended = refused(run(pushed, command), "store_format")
    assert "online" in ended.err
    for path, content in there.items():
        assert path.read_bytes() == content


def small_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def test_a_full_disk_while_rows_are_pushed(pushed):
    end = 30_000
    ended = pushed.push(clicks(11, end + 1), "--batch-rows", "500", preexec_fn=small_files)
    assert (ended.code, ended.problems()) == (1, ["disk_full"])
    known = ended.acknowledged()
    assert 500 < known < end
    there = pushed.clicks_counted()
    assert there == known
    assert pushed.push([]).code == 0
    there = pushed.clicks_counted()
    assert there in (known, known + 500)
    assert pushed.push(clicks(there + 1, end + 1)).code == 0
    assert pushed.clicks_counted() == end
    trained = pushed.trained_on()
    expected = clicks_values(end)
    assert {name: trained[name] for name in expected} == expected


def test_a_full_disk_while_the_log_is_compacted(pushed):
    """It loses nothing: the rows are acknowledged, and the log is as it was."""
    end = 10_000
    ended = pushed.push(clicks(11, end + 1), failpoints="log.compact.due=error,log.compact.write=full")
    assert ended.code == 0 and ended.acknowledged() == end and "could not be compacted" in ended.err
    assert not list((pushed.folder / "lake/push/clicks").glob("*.parquet"))
    assert pushed.push(clicks(end + 1, end + 2), failpoints="log.compact.due=error").code == 0
    assert not list((pushed.folder / "lake/push/clicks").glob("*.log"))
    assert pushed.clicks_counted() == end + 1
