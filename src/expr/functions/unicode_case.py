"""Prints unicode_case.inc: simple case mappings of Unicode 14 as runs of code points.

Run by hand with Python 3.11, whose unicodedata is Unicode 14:
    python3.11 unicode_case.py > unicode_case.inc
"""

import sys
import unicodedata


def runs(mapping):
    """(first, last, stride, delta): code points first, first + stride, … last map to themselves + delta."""
    out = []
    for code, target in mapping:
        delta = target - code
        if out and out[-1][3] == delta:
            first, last, stride, _ = out[-1]
            step = code - last
            if step in (1, 2) and (first == last or stride == step):
                out[-1] = (first, code, step, delta)
                continue
        out.append((code, code, 1, delta))
    return out


def table(name, change):
    pairs = []
    for code in range(0x80, sys.maxunicode + 1):
        changed = change(chr(code))
        if len(changed) == 1 and ord(changed) != code:
            pairs.append((code, ord(changed)))
    print(f"constexpr CaseRun {name}[] = {{")
    for run in runs(pairs):
        print("    {0x%04x, 0x%04x, %d, %d}," % run)
    print("};")


assert unicodedata.unidata_version == "14.0.0", unicodedata.unidata_version
print("// Made by unicode_case.py; not for editing. Beyond ASCII alone.")
table("kLowerRuns", str.lower)
table("kUpperRuns", str.upper)
