"""Only reads the columns: `reading.py THREADS FILE COLUMNS [FILE COLUMNS]…`. What any engine has to pay."""
import sys

import pyarrow as pa
import pyarrow.parquet as pq

pa.set_cpu_count(int(sys.argv[1]))
for path, columns in zip(sys.argv[2::2], sys.argv[3::2]):
    names = columns.split(",")
    schema = pq.read_schema(path)
    strings = [n for n in names if pa.types.is_string(schema.field(n).type)]
    pq.read_table(path, columns=names, read_dictionary=strings)
