"""A fleet on a Spark cluster, one executor killed, against the same fleet in one process. See .ci/spark-check."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "deploy" / "spark"))
sys.dont_write_bytecode = True
import judge  # noqa: E402

# What is left of an example account, and rules that give verdicts of every kind on it, in one Region and in several.
KEPT = {"account", "iam", "s3control", "sts"}
REGIONAL = {"GetEbsEncryptionByDefault", "DescribeTrails"}
RULES = [
    "access-analyzer-enabled", "account-contact-security", "account-primary-contact-current", "cloudtrail-kms-encrypted",
    "ebs-default-encryption", "iam-password-min-length", "iam-policy-no-star-admin", "root-mfa-enabled",
]
SCAN = " ".join(f"--rule {rule}" for rule in RULES)
TASKS = 24


def account(number, base):
    """One account of the fleet in one line. Some differ in what they answer, and now and then a line is cut off."""
    text = base.replace("123456789012", f"{number:012}")
    if number % 3 == 0:
        text = text.replace('"AccountMFAEnabled":0', '"AccountMFAEnabled":1')
    return text[: len(text) // 2] if number % 97 == 5 else text


def make_fleet(path, count):
    snapshot = json.loads((ROOT / "fixtures/accounts/empty.json").read_text())
    snapshot["observations"] = [
        one for one in snapshot["observations"] if one["service"] in KEPT or one["operation"] in REGIONAL
    ]
    base = json.dumps(snapshot, separators=(",", ":"))
    assert '"AccountMFAEnabled":0' in base
    with open(path, "w") as fleet:
        fleet.writelines(account(number, base) + "\n" for number in range(1, count + 1))


def executors(application):
    """The processes of an application's executors."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"org.apache.spark.executor.CoarseGrainedExecutorBackend" in words and application.encode() in words:
            found.append(int(folder.name))
    return sorted(found)


class Killer(threading.Thread):
    """Kills one executor when it has finished some of its tasks and others wait."""

    def __init__(self, spark):
        super().__init__(daemon=True)
        self.spark, self.killed, self.seen = spark, None, ""

    def run(self):
        tracker = self.spark.sparkContext.statusTracker()
        while self.killed is None:
            for stage in tracker.getActiveStageIds():
                info = tracker.getStageInfo(stage)
                processes = executors(self.spark.sparkContext.applicationId)
                if info and info.numTasks == TASKS and info.numCompletedTasks >= TASKS // 4 and len(processes) == 2:
                    os.kill(processes[0], signal.SIGKILL)
                    self.killed = processes[0]
                    self.seen = f"{info.numCompletedTasks} of {info.numTasks} tasks were done"
            time.sleep(0.05)


def digest(lake):
    """How many rows a lake has, how many different ones, and two sums over all that they hold."""
    row = F.to_json(F.struct("*"))
    sums = [F.sum(F.xxhash64(row).cast("decimal(38,0)")), F.sum(F.crc32(row.cast("binary")))]
    names = F.count_distinct("accountId", "finding_info.uid")
    return tuple(lake.select(F.count("*"), names, *sums).first())


def whole(posture, fleet, folder):
    """Judges the fleet in one process, and gives the seconds and the number of error records."""
    start = time.monotonic()
    command = [posture, "scan", "--snapshot", fleet, "--stream", "--format", "ndjson", *SCAN.split()]
    with open(folder / "records", "w") as records:
        subprocess.run([*command, "--output", f"parquet={folder}/whole"], check=True, stdout=records, cwd=folder)
    with open(folder / "records") as records:
        errors = sum(record.startswith(judge.ERROR) for record in records)
    return time.monotonic() - start, errors


def main(count, posture):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="posture-spark-"))
    fleet = folder / "fleet.ndjson"
    make_fleet(fleet, count)
    alone, errors = whole(posture, str(fleet), folder)

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.chdir(folder)  # the cluster puts its work here
    spark = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .appName("posture")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.executor.memory", "900m")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    options = judge.arguments(
        ["--lines", str(fleet), "--output", f"{folder}/split", "--posture", posture, "--scan", SCAN, "--parts", str(TASKS)]
    )
    killer = Killer(spark)
    killer.start()
    start = time.monotonic()
    unread = judge.main(options, spark)
    spread = time.monotonic() - start
    assert killer.killed, "no executor was killed: take more snapshots"

    one, many = (spark.read.parquet(f"{folder}/{name}") for name in ("whole", "split"))
    assert one.schema == many.schema, f"{one.schema}\n{many.schema}"
    rows, different, *sums = digest(one)
    assert rows == different > 0, f"{rows} rows in one process, {different} different ones"
    assert digest(many) == (rows, different, *sums), f"one process {(rows, different, *sums)}, the cluster {digest(many)}"
    told = [row.begins for row in spark.read.json(f"{folder}/split/_errors").collect()]
    assert unread == errors == len(told) == len(set(told)), f"{unread}, {errors}, {len(told)} error records"
    accounts = many.select("accountId").distinct().count()
    assert accounts == count - errors, f"{accounts} of {count} accounts with {errors} errors"
    spark.stop()
    os.chdir(ROOT)
    shutil.rmtree(folder)
    print(
        f"spark: {count} snapshots, {rows} findings and {errors} error records are those of one process; executor"
        f" {killer.killed} was killed when {killer.seen}; {alone:.0f} s in one process, {spread:.0f} s on the cluster"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
