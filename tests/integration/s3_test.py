"""Files on S3, against a local server: the C++ tests of sources (src/sources/s3_source_test.cc) over a bucket
that is filled here, and of the feature log (src/serve/observe/s3_feature_log_test.cc), whose files are read
here. Needs the test binaries of the rooms `sources` and `serve` beside MILLRACE_BIN.
"""

import io
import os
import pathlib
import subprocess
import sys

import boto3
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "servers" / "s3.sh"
BINARY = pathlib.Path(os.environ.get("MILLRACE_BIN", ROOT / "build" / "bin" / "millrace"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The environment of a client of the server."""
    folder = tmp_path_factory.mktemp("s3")
    own = {**os.environ, "MILLRACE_PYTHON": sys.executable}
    started = subprocess.run(
        [SCRIPT, "start", folder], env=own, capture_output=True, text=True, timeout=120, check=True
    )
    name, _, url = started.stdout.strip().partition("=")
    own |= {
        name: url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    yield own
    subprocess.run([SCRIPT, "stop", folder], env=own, timeout=60, check=True)


def parquet(users: list[str], seconds: list[int]) -> bytes:
    table = pa.table(
        {
            "user_id": users,
            "amount": [float(second) for second in seconds],
            "event_time": pa.array(seconds, pa.timestamp("s", "UTC")),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


@pytest.fixture(scope="module")
def bucket(environment):
    """A bucket of files, by its name; the C++ tests know what is in it."""
    client = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="events")
    for key, body in {
        "purchases/b.parquet": parquet(["u3"], [3]),
        "purchases/a.parquet": parquet(["u1", "u2"], [1, 2]),
        "purchases/day=2/c.parquet": parquet(["u4"], [4]),
        "purchases/_temporary/d.parquet": parquet(["never"], [9]),
        "purchases/cut.txt": parquet(["never"], [9])[:-8],
        "text/a.csv": b"user_id,event_time\nu1,1970-01-01T00:00:01Z\n",
        "text/a.json": b'{"user_id": "u1", "event_time": "1970-01-01T00:00:01Z"}\n',
    }.items():
        client.put_object(Bucket="events", Key=key, Body=body)
    return "events"


def test_sources_on_s3(environment, bucket):
    done = subprocess.run(
        [BINARY.parent / "sources_test", "--gtest_filter=S3Source.*"],
        env={**environment, "MILLRACE_TEST_BUCKET": bucket},
        capture_output=True,
        text=True,
        timeout=300,
    )
    # A crash at the program's end, after all tests passed, is a return code too.
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout and "[  PASSED  ]" in done.stdout, done.stdout


def test_the_feature_log_on_s3(environment, bucket):
    done = subprocess.run(
        [BINARY.parent / "serve_test", "--gtest_filter=S3FeatureLog.*"],
        env={**environment, "MILLRACE_TEST_BUCKET": bucket},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout, done.stdout
    s3 = pa.fs.S3FileSystem(
        endpoint_override=environment["AWS_ENDPOINT_URL"],
        access_key="test",
        secret_key="test",
        region="us-east-1",
    )
    answers = pq.read_table("events/lake/feature_log/answers", filesystem=s3).to_pandas()
    assert sorted(answers["__request_id"]) == ["r-0", "r-1", "r-2"]
    assert sorted(answers["sum_1h"]) == [0.5, 1.5, 2.5]
    assert set(answers["__status__sum_1h"]) == {"PRESENT"}
    assert set(answers["service"]) == {"ranking"}
    assert set(answers["date"]) == {"2025-01-31"}
    outcomes = pq.read_table("events/lake/feature_log/outcomes", filesystem=s3).to_pandas()
    assert outcomes[["request_id", "value"]].values.tolist() == [["r-1", "true"]]


def test_a_program_that_opens_no_s3_path_needs_no_server(environment):
    done = subprocess.run(
        [BINARY.parent / "sources_test", "--gtest_filter=EventReader.Csv"],
        env={**environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
