"""Works out the expected numbers of the cases in functions/ with Python's exact fractions, apart from all of
Millrace's code. A case that names it records the call: `python3 tests/cases/worked_out.py var 2 4 4`.
"""

import math
import struct
import sys
from fractions import Fraction


def rounded(fraction):
    """The nearest float64, ties to even; beyond the range an infinity."""
    try:
        return fraction.numerator / fraction.denominator
    except OverflowError:
        return math.inf if fraction > 0 else -math.inf


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def central(xs, power):
    mean = sum(xs) / len(xs)
    return sum((x - mean) ** power for x in xs)


def var(xs):
    return rounded(central(xs, 2) / (len(xs) - 1))


def var_pop(xs):
    return rounded(central(xs, 2) / len(xs))


def skewness(xs):
    n = len(xs)
    square = n**2 * (n - 1) * central(xs, 3) ** 2 / ((n - 2) ** 2 * central(xs, 2) ** 3)
    return math.copysign(math.sqrt(rounded(Fraction(square))), central(xs, 3))


def kurtosis(xs):
    n = len(xs)
    inner = (n + 1) * n * central(xs, 4) / central(xs, 2) ** 2 - 3 * (n - 1)
    return rounded(Fraction(n - 1, (n - 2) * (n - 3)) * inner)


def percentile(xs, p):
    xs = sorted(float(x) for x in xs)
    h = p * (len(xs) - 1)
    k = math.floor(h)
    return xs[k] if h == k else xs[k] + (h - k) * (xs[k + 1] - xs[k])


def bucket(x):
    """What stands for x in approx_percentile."""
    bits = struct.unpack("<Q", struct.pack("<d", x))[0]
    return struct.unpack("<d", struct.pack("<Q", (bits >> 46 << 46) | 1 << 45))[0]


def decayed(pairs, half_life, at):
    """pairs: (seconds since the epoch, x); half lives and times in whole seconds."""
    now = at // half_life
    total = Fraction(0)
    for time, x in pairs:
        y = x * 2.0 ** (time % half_life / half_life)
        total += Fraction(y) * Fraction(2) ** (time // half_life - now)
    return rounded(total)


def decayed_sum(pairs, half_life, at):
    return decayed(pairs, half_life, at) * 2.0 ** -(at % half_life / half_life)


def ewma(pairs, half_life, at):
    return decayed(pairs, half_life, at) / decayed([(t, 1.0) for t, _ in pairs], half_life, at)


def recency(xs):
    """vector_recency_avg of one component, oldest first."""
    n = len(xs)
    weights = [1.0] if n == 1 else [math.exp(-1 + i / (n - 1)) for i in range(n)]
    top = rounded(sum(Fraction(w * x) for w, x in zip(weights, xs)))
    return float32(top / rounded(sum(map(Fraction, weights))))


def main(name, *arguments):
    numbers = [float(a) for a in arguments]
    exact = [Fraction(x) for x in numbers]
    if name in ("var", "var_pop"):
        print(globals()[name](exact))
    elif name in ("stddev", "stddev_pop"):
        print(math.sqrt((var if name == "stddev" else var_pop)(exact)))
    elif name in ("skewness", "kurtosis"):
        print(globals()[name](exact))
    elif name == "sum":
        print(rounded(sum(exact)))
    elif name == "avg":
        print(rounded(sum(exact)) / len(exact))
    elif name == "percentile":  # p first
        print(percentile(numbers[1:], numbers[0]))
    elif name == "bucket":
        print(*[bucket(x) for x in numbers])
    elif name in ("decayed_sum", "ewma"):  # half life, t, then time and x in turn
        pairs = [(int(t), x) for t, x in zip(numbers[2::2], numbers[3::2])]
        print(globals()[name](pairs, int(numbers[0]), int(numbers[1])))
    elif name == "recency":
        print(recency(numbers))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
