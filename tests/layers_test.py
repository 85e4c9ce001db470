"""The rules of the house that a compiler does not know, read from the sources: who may include whom
(src/layers.txt), where each third-party library is at home, which rooms are pure, and how a file opens,
is called and how long it may be. Run by ctest; needs no build.
"""

import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(os.environ.get("MILLRACE_SOURCE_DIR", pathlib.Path(__file__).parent.parent))
SRC = ROOT / "src"

LINES_MAX = 400
TEST_LINES_MAX = 800  # tables of examples
README_LINES_MAX = 25
FORBIDDEN_WORDS = "Util Utils Helper Helpers Common Misc Manager Handler Processor Context Impl Data Info".split()

# Third-party headers by the rooms that are their home. The longest prefix decides.
HOMES = {
    "soci/": {"registry"},
    "sqlite3.h": {"registry"},
    "yaml-cpp/": {"features", "project"},
    "parquet/": {"sources"},
    "arrow/dataset/": {"sources"},
    "arrow/filesystem/": {"sources"},
    "arrow/csv/": {"sources"},
    "arrow/json/": {"sources"},
    "CLI/": {"cli"},
    "prometheus/": {"serve"},
    "simdjson.h": {"serve"},
    "re2/": {"expr"},
    "sleef.h": {"expr", "aggregate"},
    "xxhash.h": {"base"},
    "nlohmann/": {"registry", "sources", "offline", "online", "jobs", "serve", "cli"},
    "lmdb.h": {"kv"},
    "hiredis/": {"kv"},
    "openssl/": {"kv", "serve"},
    "boost/asio": {"kv", "serve"},
    "boost/system/": {"kv", "serve"},
    "boost/beast": {"serve"},
    "boost/": set(),  # exact rationals belong to tests/reference
}

# Everything that a Spark executor links: no files, sockets, threads or wall clock.
PURE_ROOMS = {"base", "columns", "expr", "aggregate", "window", "features", "sweep"}
IMPURE_HEADERS = re.compile(
    r"^(ctime|time\.h|thread|future|condition_variable|filesystem|fstream|unistd\.h|fcntl\.h|sys/.*|arpa/.*|netinet/.*)$"
)

# Their last bits differ between machines and builds (docs/semantics.md, "Bits"); sqrt, floor and fma do not.
TRANSCENDENTAL = re.compile(
    r"\bstd::(exp|exp2|expm1|log|log2|log10|log1p|pow|cbrt|hypot|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|erf|erfc|tgamma|lgamma)\("
)


def read_layers() -> dict[str, set[str]]:
    """Each room with every room that it may include, itself and what its rooms may included."""
    allowed: dict[str, set[str]] = {}
    for line in (SRC / "layers.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            room, below = line.split(":")
            unknown = set(below.split()) - set(allowed)
            assert not unknown, f"layers.txt: {room} names {unknown} before they are declared"
            allowed[room] = {room}.union(*(allowed[other] for other in below.split()))
    return allowed


LAYERS = read_layers()
FILES = sorted(path for path in SRC.rglob("*") if path.suffix in (".cc", ".h"))
TEST_SOURCES = sorted(path for path in (ROOT / "tests").rglob("*") if path.suffix in (".cc", ".h"))


def room_of(path: pathlib.Path) -> str:
    return path.relative_to(SRC).parts[0]


def is_test(path: pathlib.Path) -> bool:
    return bool(re.search(r"_(test|bench|fuzz|testing)\.(cc|h)$", path.name)) or "testing" in path.parts


def includes(path: pathlib.Path) -> list[tuple[int, str, bool]]:
    """(line, what, whether in quotes)"""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            found.append((number, match[2], match[1] == '"'))
    return found


def problems_of(files: list[pathlib.Path], check) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {text}" for path in files for number, text in check(path)
    ]


def expect_none(problems: list[str]) -> None:
    assert not problems, "\n" + "\n".join(problems)


def layer_breaks(path, room, layers):
    for number, name, quoted in includes(path):
        other = name.split("/")[0]
        if quoted and "/" not in name:
            yield number, f'"{name}" is not named from src/'
        elif quoted and other not in layers:
            yield number, f'"{name}" is in no room of layers.txt'
        elif quoted and other not in layers[room]:
            yield number, f"{room} may not include {other} (src/layers.txt)"


def test_rooms_include_only_what_layers_allow():
    expect_none(problems_of(FILES, lambda path: layer_breaks(path, room_of(path), LAYERS)))


def test_every_room_is_in_layers_and_has_a_short_readme():
    problems = []
    for folder in sorted(path for path in SRC.iterdir() if path.is_dir()):
        if folder.name not in LAYERS:
            problems.append(f"src/{folder.name} is not in src/layers.txt")
        readme = folder / "README.md"
        if not readme.exists():
            problems.append(f"src/{folder.name} has no README.md")
        elif len(readme.read_text().splitlines()) > README_LINES_MAX:
            problems.append(f"src/{folder.name}/README.md has over {README_LINES_MAX} lines")
    expect_none(problems)


def test_offline_stream_and_online_never_meet():
    for room in ("offline", "stream", "online"):
        assert not (LAYERS.get(room, set()) - {room}) & {"offline", "stream", "online"}


def home_breaks(path, room):
    for number, name, quoted in includes(path):
        if quoted:
            continue
        prefix = max((prefix for prefix in HOMES if name.startswith(prefix)), key=len, default=None)
        if prefix and room not in HOMES[prefix]:
            yield number, f"<{name}> is at home in {', '.join(sorted(HOMES[prefix])) or 'no room'}, not in {room}"
        if name.startswith(("gtest/", "gmock/", "benchmark/")) and not is_test(path):
            yield number, f"<{name}> outside tests"
        if name.startswith(("arrow/array", "arrow/table", "arrow/builder", "arrow/type.h")) and room == "base":
            yield number, f"<{name}>: Arrow arrays begin in columns"
        if name in ("arrow/api.h", "arrow/compute/api.h", "arrow/dataset/api.h", "bits/stdc++.h"):
            if path.suffix == ".h":
                yield number, f"<{name}> in a header: include narrowly, declare by <arrow/type_fwd.h>"


def test_third_party_libraries_stay_at_home():
    expect_none(problems_of(FILES, lambda path: home_breaks(path, room_of(path))))


def impure(path):
    for number, name, quoted in includes(path):
        if not quoted and IMPURE_HEADERS.match(name):
            yield number, f"<{name}> in {room_of(path)}, which is pure"


def test_pure_rooms_know_no_files_threads_or_clock():
    expect_none(
        problems_of([p for p in FILES if room_of(p) in PURE_ROOMS and not is_test(p)], impure)
    )


def clock_reads(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if re.search(r"system_clock::now|\bgettimeofday\(|\bclock_gettime\(|\bstd::time\(", line):
            yield number, "the wall clock is read in cli alone (base/clock.h)"


def test_the_wall_clock_is_read_in_cli_alone():
    expect_none(problems_of([p for p in FILES if room_of(p) != "cli" and not is_test(p)], clock_reads))


def libm_calls(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if TRANSCENDENTAL.search(line.split("//")[0]):
            yield number, f"libm's transcendental functions differ between machines: {line.strip()}"


def test_values_use_no_libm_transcendentals():
    expect_none(problems_of([p for p in FILES if not is_test(p)], libm_calls))


def opening(path):
    lines = path.read_text().splitlines()
    count = 0
    while count < len(lines) and lines[count].startswith("//"):
        count += 1
    header = path.with_name(re.sub(r"(_test|_bench)?\.cc$", ".h", path.name))
    beside = path.suffix == ".cc" and header.exists()  # the header says it
    if not 1 <= count <= 10 and not beside:
        yield 1, f"opens with {count} lines of comment; say in 2-6 what it is, what it is not, who calls it"
    if path.suffix == ".h" and "#pragma once" not in lines:
        yield 1, "no #pragma once"
    lines_max = TEST_LINES_MAX if is_test(path) or ROOT / "tests" in path.parents else LINES_MAX
    if len(lines) > lines_max:
        yield lines_max, f"{len(lines)} lines; over {lines_max} it is two nouns"


def test_files_open_with_what_they_are_and_stay_short():
    expect_none(problems_of(FILES + TEST_SOURCES, opening))


def words_of(name: str) -> set[str]:
    return {word.capitalize() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def bad_names(path):
    bad = words_of(path.stem) & set(FORBIDDEN_WORDS)
    if bad:
        yield 1, f"{bad} in a file's name says nothing"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r"\s*(?:class|struct|enum class|enum|using)\s+(\w+)(.*)", line)
        if match and not match[2].startswith(";") and words_of(match[1]) & set(FORBIDDEN_WORDS):
            yield number, f"{match[1]}: {words_of(match[1]) & set(FORBIDDEN_WORDS)} says nothing"


def test_names_say_something():
    expect_none(problems_of(FILES + TEST_SOURCES, bad_names))


def leftovers(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if re.search(r"//.*\b(TODO|FIXME|XXX|HACK)\b", line):
            yield number, line.strip()


def test_nothing_is_left_to_do():
    expect_none(problems_of(FILES + TEST_SOURCES, leftovers))


# The rules themselves can fail.


@pytest.mark.parametrize(
    ("room", "line", "breaks"),
    [
        ("base", '#include "columns/type.h"', 1),
        ("columns", '#include "base/status.h"', 0),
        ("cli", '#include "base/status.h"', 0),
        ("registry", '#include "offline/training_set.h"', 1),
        ("base", '#include "status.h"', 1),
        ("base", '#include "nowhere/status.h"', 1),
        ("base", "  #  include  \"columns/type.h\"", 1),
        ("base", '// #include "columns/type.h"', 0),
    ],
)
def test_layer_rule(tmp_path, room, line, breaks):
    path = tmp_path / "some.cc"
    path.write_text(line + "\n")
    assert len(list(layer_breaks(path, room, LAYERS))) == breaks


@pytest.mark.parametrize(
    ("room", "line", "breaks"),
    [
        ("features", "#include <yaml-cpp/yaml.h>", 0),
        ("expr", "#include <yaml-cpp/yaml.h>", 1),
        ("aggregate", "#include <boost/multiprecision/cpp_int.hpp>", 1),
        ("kv", "#include <boost/multiprecision/cpp_int.hpp>", 1),
        ("kv", "#include <boost/asio/ip/tcp.hpp>", 0),
        ("jobs", "#include <boost/asio/ip/tcp.hpp>", 1),
        ("jobs", "#include <soci/soci.h>", 1),
        ("cli", "#include <CLI/CLI.hpp>", 0),
        ("jobs", "#include <gtest/gtest.h>", 1),
        ("base", "#include <arrow/array/array_base.h>", 1),
    ],
)
def test_home_rule(tmp_path, room, line, breaks):
    path = tmp_path / "some.cc"
    path.write_text(line + "\n")
    assert len(list(home_breaks(path, room))) == breaks


def test_opening_and_name_rules(tmp_path):
    long = tmp_path / "row_helper.h"
    long.write_text("#pragma once\n" + "\n" * LINES_MAX + "class SpendManager {\n")
    assert len(list(opening(long))) == 2
    assert len(list(bad_names(long))) == 2
    good = tmp_path / "database.h"
    good.write_text("// What it is.\n#pragma once\nclass Database {};\nstruct ArrayData;\n")
    assert not list(opening(good)) and not list(bad_names(good))


def test_every_code_can_be_found_by_its_name():
    declared = re.findall(r"inline constexpr Code (k\w+)\{", (SRC / "base/code.h").read_text())
    assert declared
    assert re.findall(r"codes::(k\w+),", (SRC / "base/code.cc").read_text()) == declared
