"""Runs what can run of release.yml on this machine: the check of the tag, packing, the notes, the image's layout.

The program is a stand-in. Building, signing and publishing stay GitHub's.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent

STAND_IN = """#!/bin/sh
case "$1" in
  --version) echo "posture 9.8.7" ;;
  scan) exit 1 ;;
  man) echo page > "$3/posture.1" ;;
  *) echo "$*" ;;
esac
"""


def check(condition, message):
    if not condition:
        sys.exit(f"release.yml: {message}")


def run(command, folder, **environment):
    base = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "GITHUB_OUTPUT": str(folder / "output")}
    return subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command], cwd=folder, text=True,
                          env={**base, **environment}, capture_output=True)


def steps_of(workflow):
    return {step["name"]: step["run"] for job in workflow["jobs"].values() for step in job["steps"]
            if "run" in step and "cargo" not in step["run"]}


def copy_project(folder, version):
    """The files that the steps read, as they are for a release."""
    for name in ("LICENSE", "README.md", "Cargo.toml", "action.yml", "CHANGELOG.md", "Dockerfile"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/pack", folder / ".ci/pack")
    accounts = folder / "fixtures/accounts"
    accounts.mkdir(parents=True)
    shutil.copy(ROOT / "fixtures/accounts/bootcamp.json", accounts)
    for name, old, new in (("Cargo.toml", 'version = "', f'version = "{version}"\n# was "'),
                           ("CHANGELOG.md", "## Unreleased", f"## {version}")):
        path = folder / name
        path.write_text(path.read_text().replace(old, new, 1))
    action = (folder / "action.yml").read_text().splitlines()
    at = next(number for number, line in enumerate(action) if line == "  version:")
    action[at + 2] = f"    default: {version}"
    (folder / "action.yml").write_text("\n".join(action) + "\n")


def check_tag(step, folder):
    good = run(step, folder, TAG="v9.8.7")
    check(good.returncode == 0, f"a good tag is refused: {good.stdout}{good.stderr}")
    check((folder / "output").read_text() == "version=9.8.7\n", "the version is not handed on")
    for tag in ("v9.8.6", "9.8.7", "v9.8.7-rc1"):
        bad = run(step, folder, TAG=tag)
        check(bad.returncode == 1 and "::error" in bad.stdout, f"the tag {tag} is accepted")
    changelog = (folder / "CHANGELOG.md").read_text()
    (folder / "CHANGELOG.md").write_text(changelog.replace("## 9.8.7", "## Unreleased"))
    check(run(step, folder, TAG="v9.8.7").returncode == 1, "a version without a section in the changelog is accepted")
    (folder / "CHANGELOG.md").write_text(changelog)


def check_pack(folder):
    built = folder / "built"
    built.mkdir()
    for target in ("x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl", "x86_64-pc-windows-msvc"):
        binary = built / ("posture.exe" if "windows" in target else "posture")
        binary.write_text(STAND_IN)
        binary.chmod(0o755)
        packed = run(f".ci/pack 9.8.7 {target} built", folder)
        check(packed.returncode == 0, f"pack {target}: {packed.stderr}")
        with tarfile.open(folder / f"dist/posture-9.8.7-{target}.tar.gz") as archive:
            names = set(archive.getnames())
        check({binary.name, "LICENSE", "README.md", "man/posture.1", "completions/posture.bash"} <= names, f"{names}")
    wrong = run(".ci/pack 1.0.0 x86_64-unknown-linux-musl built", folder)
    check(wrong.returncode == 1, "a program of another version is packed")
    (built / "posture").write_text(STAND_IN.replace("exit 1", "exit 0"))
    blind = run(".ci/pack 9.8.7 x86_64-unknown-linux-musl built", folder)
    check(blind.returncode == 1, "a program that finds nothing is packed")


def check_notes(step, folder):
    notes = run(step, folder, VERSION="9.8.7")
    check(notes.returncode == 0, f"the notes: {notes.stderr}")
    text = (folder / "notes.md").read_text()
    check("### Added" in text and "## 9.8.7" not in text, f"wrong notes: {text}")
    archive = next((folder / "dist").glob("*.tar.gz"))
    whole = archive.read_bytes()
    archive.write_bytes(whole + b"x")
    check(run(step, folder, VERSION="9.8.7").returncode != 0, "an archive that was changed is published")
    archive.write_bytes(whole)


def check_image(step, folder):
    laid = run(step, folder, VERSION="9.8.7")
    check(laid.returncode == 0, f"the image's layout: {laid.stderr}")
    wanted = [line.split()[1:3] for line in (folder / "Dockerfile").read_text().splitlines() if line.startswith("COPY ")]
    for source in (part for pair in wanted for part in pair[:1] if not part.startswith("--")):
        check((folder / "image" / source).is_file(), f"the image lacks {source}")
    for architecture in ("amd64", "arm64"):
        check((folder / f"image/linux/{architecture}/posture").is_file(), f"the image lacks the {architecture} program")


def main():
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    steps = steps_of(workflow)
    for name, script in steps.items():
        check("${{" not in script, f"step {name} pastes an expression into a shell")
        check(subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0, f"step {name} is no shell")
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            uses = step.get("uses", "")
            check(not uses or len(uses.split("@")[1]) == 40, f"{uses} is not pinned to a commit")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        copy_project(folder, "9.8.7")
        check_tag(steps["Compare the tag with the manifest, the action and the changelog"], folder)
        check_pack(folder)
        check_notes(steps["Write the notes"], folder)
        check_image(steps["Lay out the image"], folder)


main()
