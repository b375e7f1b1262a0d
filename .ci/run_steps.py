"""Runs the shell steps of action.yml on this machine, with a stand-in for the program and for the runner.

What it proves: no expression is pasted into a shell, every step is valid shell, inputs with hostile text stay single
arguments, the outputs are numbers, the exit code is the scan's, and the log cannot smuggle commands to the runner.
With POSTURE=<path> the scan step runs the real program on fixtures/accounts/bootcamp.json as well.
"""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOSTILE = "x' \"$(touch pwned) `touch pwned` ; --fail-on=info ::error::x"

STAND_IN = """#!/usr/bin/env python3
import json, os, sys
arguments = sys.argv[1:]
with open(os.environ["SEEN"], "w") as seen:
    json.dump(arguments, seen)
outputs = dict(a.removeprefix("--output=").split("=", 1) for a in arguments if a.startswith("--output="))
report = {"summary": {"failing_by_severity": {"high": 2, "low": 1}, "new": 1, "results": {"unknown": 4}}}
texts = {"json": json.dumps(report), "sarif": "{}", "markdown": "## summary", "github": "::error title=t::m"}
if os.environ["CODE"] != "2":
    for name, path in outputs.items():
        open(path, "w").write(texts[name] + "\\n")
print("::error::smuggled")
sys.exit(int(os.environ["CODE"]))
"""


def fail(message):
    sys.exit(f"action.yml: {message}")


def check(condition, message):
    if not condition:
        fail(message)


def steps():
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    return action, action["runs"]["steps"]


def check_statically(action, all_steps):
    text = (ROOT / "action.yml").read_text()
    for name in action["inputs"]:
        check(f"inputs.{name}" in text, f"the input {name} is not used")
    for step in all_steps:
        script = step.get("run")
        if script is None:
            continue
        check("${{" not in script, f"step {step['name']} pastes an expression into a shell")
        checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
        check(checked.returncode == 0, f"step {step['name']}: {checked.stderr}")


def run_scan(script, folder, inputs, code, program=None):
    """One execution of the scan step; returns the process, the outputs and the arguments that the program saw."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    binary = folder / "bin/posture"
    if program:
        shutil.copy(program, binary)
    else:
        binary.write_text(STAND_IN)
        binary.chmod(binary.stat().st_mode | stat.S_IEXEC)
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "SEEN")}
    for path in files.values():
        path.touch()
    environment = {
        "PATH": os.environ["PATH"], "FOLDER": str(folder), "CODE": str(code),
        "SNAPSHOT": "", "REGIONS": "", "FAIL_ON": "high", "ALLOW_UNKNOWN": "false", "BASELINE": "", "CONFIG": "",
        "RULES": "", "SUMMARY": "true", "ANNOTATIONS": "true", **{k: str(v) for k, v in files.items()}, **inputs,
    }
    process = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], env=environment,
                             text=True, capture_output=True, cwd=folder)
    outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
    seen = files["SEEN"].read_text()
    return process, outputs, json.loads(seen) if seen else None, files["GITHUB_STEP_SUMMARY"].read_text()


def check_scan(script, folder):
    for code in (0, 1, 2, 3):
        process, outputs, _, summary = run_scan(script, folder, {}, code)
        check(process.returncode == code, f"exit code {process.returncode} for a scan that exits {code}: {process.stderr}")
        check(outputs["exit-code"] == str(code), f"the output exit-code is {outputs['exit-code']}")
        if code == 2:
            check(summary == "" and "sarif" not in outputs, "a scan that could not run must not point to a report")
        else:
            numbers = (outputs["findings"], outputs["new-findings"], outputs["not-evaluated"])
            check(numbers == ("3", "1", "4"), f"wrong counts: {numbers}")
            check("## summary" in summary, "the step summary is missing")
            check("::error title=t::m" in process.stdout, "the annotations are missing")
        lines = process.stdout.splitlines()
        token = lines[0].removeprefix("::stop-commands::")
        check(lines[0].startswith("::stop-commands::") and len(token) > 20, "commands are not stopped before the scan")
        check(lines.index("::error::smuggled") < lines.index(f"::{token}::"), "the scan's text can command the runner")

    inputs = {name: HOSTILE for name in ("SNAPSHOT", "FAIL_ON", "BASELINE", "CONFIG", "RULES")}
    inputs["REGIONS"] = f"us-east-1\n{HOSTILE}\n"
    _, _, seen, _ = run_scan(script, folder, inputs, 0)
    for option in ("snapshot", "fail-on", "baseline", "config", "rules", "region"):
        check(f"--{option}={HOSTILE}" in seen, f"the input of --{option} is not one argument")
    check(not list(folder.rglob("pwned")), "an input was executed")

    _, _, seen, _ = run_scan(script, folder, {"ALLOW_UNKNOWN": "true", "SUMMARY": "false", "ANNOTATIONS": "false"}, 0)
    check("--allow-unknown" in seen, "allow-unknown is not passed on")


def check_download(script, folder):
    """The platform and the version are checked before anything is fetched."""
    for version, system in (("1.0; touch pwned", "Linux-X64"), ("0.1.0", "Plan9-MIPS")):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        name, arch = system.split("-")
        environment = {"PATH": os.environ["PATH"], "FOLDER": str(folder), "VERSION": version, "CHECKSUM": "",
                       "RUNNER_OS": name, "RUNNER_ARCH": arch}
        process = subprocess.run(["bash", "-eo", "pipefail", "-c", script], env=environment, text=True,
                                 capture_output=True, cwd=folder)
        check(process.returncode == 2 and "::error title=posture::" in process.stdout, f"{version} on {system}: {process}")
        check(not list(folder.rglob("pwned")), "an input was executed")


def check_real(script, folder, program):
    snapshot = ROOT / "fixtures/accounts/bootcamp.json"
    process, outputs, _, summary = run_scan(script, folder, {"SNAPSHOT": str(snapshot)}, 0, program)
    check(process.returncode == 1, f"the real scan exits {process.returncode}: {process.stdout}{process.stderr}")
    check(int(outputs["findings"]) > 0 and summary, f"the real scan has no findings: {outputs}")
    json.loads(pathlib.Path(outputs["sarif"]).read_text())


def main():
    action, all_steps = steps()
    check_statically(action, all_steps)
    by_name = {step["name"]: step.get("run") for step in all_steps}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "with space"
        check_scan(by_name["Scan"], folder)
        check_download(by_name["Download posture"], folder)
        if program := os.environ.get("POSTURE"):
            check_real(by_name["Scan"], folder, program)


main()
