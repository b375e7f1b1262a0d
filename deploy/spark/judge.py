"""Judges a fleet of snapshots on a Spark cluster and writes what is found as Parquet.

Every snapshot goes through `posture scan --stream` on an executor; what comes out is what one process writes with
`--output parquet=FOLDER`: OCSF Compliance Findings below region=/accountId=/eventDay=. Lines that hold no snapshot become
error records below OUTPUT/_errors. A task that dies is judged again by Spark, and its rows are committed once; a second run
replaces the partitions that it has rows for.

  spark-submit deploy/spark/judge.py --posture /usr/local/bin/posture --lines s3a://fleet/*.ndjson.gz --output s3a://lake/ext/posture
"""

import argparse
import json
import shlex
import subprocess
import sys

from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

ERROR = '{"format":"posture-error/1"'
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MILLIS",
    "spark.sql.sources.partitionOverwriteMode": "dynamic",
}


def arguments(given=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--lines", metavar="URI", help="text files (also .gz) with one snapshot a line")
    source.add_argument("--table", metavar="NAME", help="a table, or PATH of Parquet files, with one snapshot a row")
    parser.add_argument("--column", default="snapshot", help="the table's column that holds them (default: snapshot)")
    parser.add_argument("--output", metavar="URI", required=True, help="folder of the lake")
    parser.add_argument("--posture", default="posture", help="the program, on the driver and every executor (default: posture)")
    parser.add_argument("--scan", default="", help="further options of `posture scan`, as in '--framework cis-aws-7.0'")
    parser.add_argument("--parts", type=int, help="how many tasks to spread the snapshots over")
    parser.add_argument("--mode", default="overwrite", choices=["overwrite", "append"],
                        help="overwrite replaces the partitions that have new rows (default); append adds rows")
    return parser.parse_args(given)


def snapshots(spark, options):
    """The snapshots, one JSON text in one line each, with the file that each comes from."""
    if options.lines:
        rows = spark.read.option("lineSep", "\n").text(options.lines).withColumnRenamed("value", "snapshot")
    else:
        table = spark.read.parquet(options.table) if "/" in options.table else spark.read.table(options.table)
        rows = table.select(F.col(options.column).cast("string").alias("snapshot"))
    # Between JSON's tokens a line break is a space, and inside of its texts none stands. What is no text at all is no snapshot.
    one_line = F.regexp_replace(F.coalesce("snapshot", F.lit("null")), "[\r\n]", " ")
    rows = rows.select(F.input_file_name().alias("file"), one_line.alias("snapshot"))
    return (rows.repartition(options.parts) if options.parts else rows).rdd


def judged(rows, options):
    """OCSF events and error records, with the part that each is of. Spark fails a task whose program does not end with 0."""
    program = [options.posture, "scan", "--snapshot", "-", "--stream", "--format", "ocsf", *shlex.split(options.scan)]
    records = rows.map(lambda row: row.snapshot).pipe(shlex.join(program), checkCode=True)
    return records.mapPartitionsWithIndex(lambda part, texts: ((part, text) for text in texts))


def columns(options):
    """The schema of the events, from the program itself."""
    ddl = subprocess.run([options.posture, "schema", "columns"], check=True, capture_output=True, text=True).stdout
    return StructType.fromDDL(ddl)


def write_events(records, schema, options):
    """Writes the findings."""
    event = F.from_json("record", schema, {"mode": "FAILFAST"})
    events = records.where(~F.col("record").startswith(ERROR)).select(event.alias("event")).select(
        "event.*",
        F.col("event.cloud.region").alias("region"),
        F.col("event.cloud.account.uid").alias("accountId"),
        F.date_format("event.time_dt", "yyyyMMdd").alias("eventDay"),
    )
    events.write.mode(options.mode).partitionBy("region", "accountId", "eventDay").parquet(options.output)


def write_errors(records, rows, options):
    """Writes the error records with the file and the beginning of each line that holds no snapshot, and says how many."""
    shape = "posture string, line bigint, column bigint, path string, message string"
    errors = records.where(F.col("record").startswith(ERROR)).select("part", F.from_json("record", shape).alias("error"))
    count = errors.count()
    if count:
        places = rows.mapPartitionsWithIndex(
            lambda part, lines: ((part, line, row.file, row.snapshot[:200]) for line, row in enumerate(lines, 1))
        ).toDF("part int, line bigint, file string, begins string")
        told = errors.select("part", "error.*").join(places, ["part", "line"]).drop("part", "line")
        told.coalesce(1).write.mode("overwrite").json(f"{options.output.rstrip('/')}/_errors")
    return count


def main(options, spark):
    """Judges the fleet, and says how many lines held no snapshot."""
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    rows = snapshots(spark, options)
    records = judged(rows, options).toDF("part int, record string").persist(StorageLevel.DISK_ONLY)
    write_events(records, columns(options), options)
    errors = write_errors(records, rows, options)
    records.unpersist()
    return errors


if __name__ == "__main__":
    given = arguments()
    session = SparkSession.builder.appName("posture").getOrCreate()
    unread = main(given, session)
    print(json.dumps({"output": given.output, "errors": unread}))
    if unread:
        print(f"{unread} lines hold no snapshot: see {given.output}/_errors", file=sys.stderr)
    session.stop()
