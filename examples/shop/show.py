"""Prints the first rows of a Parquet file as a table for people: `show.py FILE [ROWS] [COLUMN,…]`."""
import sys

import pyarrow.parquet as pq


def text(value) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:.4g}" if value != int(value) else f"{value:.1f}"
    return str(getattr(value, "date", lambda: value)())


def main() -> None:
    path = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    columns = sys.argv[3].split(",") if len(sys.argv) > 3 else None
    table = pq.ParquetFile(path).read(columns=columns)
    # Rows with a history say more than the first ones, so the table starts where all cells are set.
    whole = [i for i, row in enumerate(table.slice(0, 20_000).to_pylist())
             if None not in row.values()][:count]
    rows = [[text(v) for v in table.slice(i, 1).to_pylist()[0].values()] for i in whole]
    widths = [max(len(cell) for cell in column) for column in zip(table.column_names, *rows)]
    for row in [table.column_names, ["-" * w for w in widths], *rows]:
        print("  " + "  ".join(cell.rjust(w) for cell, w in zip(row, widths)))


if __name__ == "__main__":
    main()
