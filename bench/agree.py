"""Checks that a peer's table says what ours says. Peers add floats in an order of their own, so their floats may be a
few units in the last place away from the exact ones; everything else is equal."""
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

RELATIVE = 1e-7


class Disagree(Exception):
    """Names the first cell that differs."""


def check(ours: str, theirs: str, floors: dict[str, float], order_by: list[str]) -> int:
    """The number of compared cells: those of the peer's columns. Rows are in the same order in both, or both are sorted by `order_by`.
    Floats below a floor may differ by as much as one of that size: floors go by a column's name up to `_`, else 1."""
    a, b = pq.read_table(ours), pq.read_table(theirs)
    if a.num_rows != b.num_rows:
        raise Disagree(f"{a.num_rows} rows here, {b.num_rows} there")
    a = a.select(b.column_names).cast(b.schema)
    if order_by:
        a, b = (table.sort_by([(name, "ascending") for name in order_by]) for table in (a, b))
    cells = 0
    for name in b.column_names:
        x, y = a[name].combine_chunks(), b[name].combine_chunks()
        same = pc.equal(x.is_null(), y.is_null())
        if pc.all(same).as_py():
            same = same_values(x, y, floors.get(name.split("_")[0], 1.0))
        bad = np.flatnonzero(~same.to_numpy(zero_copy_only=False))
        if len(bad):
            i = int(bad[0])
            raise Disagree(f"{name} row {i}: {x[i]} here, {y[i]} there; {len(bad)} cells differ")
        cells += len(x)
    return cells


def same_values(x: pa.Array, y: pa.Array, floor: float) -> pa.Array:
    """Where both are null in the same places: whether they are near enough, or equal if they are no floats."""
    if not pa.types.is_floating(x.type):
        return pc.fill_null(pc.equal(x, y), True)
    u, v = (c.fill_null(0).to_numpy(zero_copy_only=False) for c in (x, y))
    return pa.array(np.abs(u - v) <= RELATIVE * np.maximum(np.abs(u), floor))
