"""Adds up ctest's JUnit files: one line per run, then "N passed, N failed" over all of them.

A ctest entry is a whole binary or a pytest run, so its single tests are counted from what GoogleTest, pytest and
the case runner ("N passed, N failed") print; an entry that prints none of these counts as one. Exit code 1 if
anything failed or a file is missing.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree


def count(case: ElementTree.Element) -> tuple[int, int]:
    output = case.findtext("system-out") or ""
    bad = case.get("status") != "run"
    gtest = re.search(r"\[  PASSED  \] (\d+) tests?\.", output)
    plain = re.findall(r"^.*?\b(\d+) passed, (\d+) failed\b(?!.* in [\d.]+s)", output, re.MULTILINE)
    pytest = re.findall(r"^=*\s*((?:\d+ \w+(?:, )?)+) in [\d.]+s", output, re.MULTILINE)
    if gtest:
        failed = re.search(r"\[  FAILED  \] (\d+) tests?, listed below", output)
        passed, failures = int(gtest[1]), int(failed[1]) if failed else 0
    elif pytest:
        words = dict((word, int(number)) for number, word in re.findall(r"(\d+) (\w+)", pytest[-1]))
        passed = words.get("passed", 0)
        failures = words.get("failed", 0) + words.get("error", 0) + words.get("errors", 0)
    elif plain:
        passed, failures = int(plain[-1][0]), int(plain[-1][1])
    else:
        passed, failures = (0, 1) if bad else (1, 0)
    # A crash after the last test, a leak, a time-out: the entry failed though no test says so.
    return passed, max(failures, 1) if bad else failures


def main() -> int:
    passed = failed = 0
    for path in sys.argv[1:]:
        try:
            cases = ElementTree.parse(path).getroot().findall("testcase")
        except (OSError, ElementTree.ParseError) as problem:
            print(f"{path}: {problem}")
            failed += 1
            continue
        counts = [count(case) for case in cases]
        run_passed, run_failed = sum(p for p, _ in counts), sum(f for _, f in counts)
        print(f"{path.split('/')[0]}: {run_passed} passed, {run_failed} failed in {len(cases)} suites")
        for case, (_, failures) in zip(cases, counts):
            if failures:
                print(f"  {case.get('name')}: {failures} failed")
        passed, failed = passed + run_passed, failed + run_failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
