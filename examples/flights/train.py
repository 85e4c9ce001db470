"""Trains LightGBM on what the demo built, split by time, and prints the AUC of three models side by side: with what a schedule
says alone, with our features, and with features that ignore when a row could be known.

`train.py TRAINING LEAKED`: the same rows without and with `--ignore-created`."""
import datetime
import sys

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.compute  # noqa: F401  used as pa.compute
import pyarrow.parquet as pq

LABEL = "late_15"
SCHEDULE = ["carrier", "origin", "dest", "hour", "distance"]
NOT_FEATURES = {"flight_id", "tailnum", "event_timestamp", LABEL}
SPLIT = datetime.datetime(2013, 10, 1, tzinfo=datetime.timezone.utc)
PARAMETERS = {"objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 100,
              "num_threads": 2, "seed": 1, "deterministic": True, "force_row_wise": True, "verbose": -1}


def matrix(table: pa.Table, names: list[str]) -> np.ndarray:
    columns = []
    for name in names:
        column = table[name].combine_chunks()
        if pa.types.is_string(column.type):
            column = column.dictionary_encode().indices
        columns.append(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    return np.column_stack(columns)


def auc(score: np.ndarray, label: np.ndarray) -> float:
    """The probability that a late flight is scored above one in time (Mann-Whitney, ties count half)."""
    order = np.argsort(score, kind="stable")
    _, first, count = np.unique(score[order], return_index=True, return_counts=True)
    ranks = np.repeat(first + (count + 1) / 2, count)
    late = label[order] == 1
    n1, n0 = late.sum(), (~late).sum()
    return float((ranks[late].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def evaluate(table: pa.Table, names: list[str]) -> float:
    rows = table.filter(pa.compute.is_valid(table[LABEL]))
    x, y = matrix(rows, names), rows[LABEL].to_numpy()
    before = np.array([t < SPLIT for t in rows["event_timestamp"].to_pylist()])
    categorical = [i for i, name in enumerate(names) if name in ("carrier", "origin", "dest")]
    data = lgb.Dataset(x[before], y[before], categorical_feature=categorical)
    model = lgb.train(PARAMETERS, data, num_boost_round=100)
    return auc(model.predict(x[~before]), y[~before])


def main() -> None:
    training, leaked = pq.read_table(sys.argv[1]), pq.read_table(sys.argv[2])
    features = [n for n in training.column_names if n not in NOT_FEATURES]
    rows = [("what the schedule says", evaluate(training, SCHEDULE)),
            ("with our features", evaluate(training, features)),
            ("with the leak of --ignore-created", evaluate(leaked, features))]
    print("  trained before 2013-10-01, judged after; AUC of 'arrives 15 minutes late'")
    for name, value in rows:
        print(f"  {name:<36} {value:.4f}")


if __name__ == "__main__":
    main()
