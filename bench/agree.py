"""Checks that a peer's table says what ours says. Peers add floats in an order of their own, so their floats may be a
few units in the last place away from the exact ones; everything else is equal."""
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

RELATIVE = 1e-7


def check(ours: str, theirs: str, floor: float = 1.0) -> int:
    """The number of compared cells; exits naming the first that differs. Rows are in the same order in both. Floats below `floor`
    may differ by as much as one of that size."""
    a, b = pq.read_table(ours), pq.read_table(theirs)
    if a.num_rows != b.num_rows:
        raise SystemExit(f"{ours} has {a.num_rows} rows, {theirs} {b.num_rows}")
    cells = 0
    for name in b.column_names:
        x, y = a[name].combine_chunks(), b[name].combine_chunks()
        same_null = np.array_equal(x.is_null(), y.is_null())
        if not same_null:
            raise SystemExit(f"{name}: nulls differ")
        if pa.types.is_floating(x.type):
            u, v = (c.fill_null(0).to_numpy(zero_copy_only=False).astype(float) for c in (x, y))
            bad = np.flatnonzero(np.abs(u - v) > RELATIVE * np.maximum(np.abs(u), floor))
        else:
            bad = np.flatnonzero(~np.asarray(x.cast(y.type).to_numpy(zero_copy_only=False) ==
                                             y.to_numpy(zero_copy_only=False)) & ~np.asarray(x.is_null()))
        if len(bad):
            i = int(bad[0])
            raise SystemExit(f"{name} row {i}: {x[i]} here, {y[i]} there; {len(bad)} cells differ")
        cells += len(x)
    return cells
