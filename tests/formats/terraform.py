"""Checks Terraform configurations on standard input, a list of texts: `terraform.py SCHEMA`. Prints the types of resources in them.

Each resource has the arguments that the AWS provider asks for and no other, each of its kind and blocks where it takes blocks;
and every reference is to something that the configuration makes.
"""

import json
import re
import sys

import hcl2

COMMON = {"provider", "depends_on"}


def bare(text):
    return text.strip('"')


def is_expression(value):
    return isinstance(value, str) and value.startswith("${")


def fits(kind, value):
    if is_expression(value) or value is None:
        return True
    if kind == "list":
        # Blocks are lists of objects for the parser.
        return isinstance(value, list) and not any(isinstance(one, dict) for one in value)
    types = {"bool": bool, "map": dict, "number": (int, float), "string": (str, int, float)}
    # Terraform takes a number in quotes, and refuses words.
    if kind == "number" and isinstance(value, str):
        return re.fullmatch(r'"?-?[0-9.]+"?', value) is not None
    return isinstance(value, types[kind]) and (kind == "bool" or not isinstance(value, bool))


def check(path, body, schema):
    body = {bare(name): value for name, value in body.items() if not name.startswith("__")}
    for name, says in schema.items():
        assert not says.get("required") or name in body, f"{path} has no {name}"
    for name, value in body.items():
        assert name in schema, f"{path} takes no {name}"
        says = schema[name]
        if "block" not in says:
            assert fits(says["kind"], value), f"{path}.{name} is no {says['kind']}: {value!r}"
            continue
        assert isinstance(value, list) and all(isinstance(one, dict) for one in value), f"{path}.{name} is no block: {value!r}"
        for one in value:
            check(f"{path}.{name}", one, says["block"])


def main(schema):
    seen = set()
    for text in json.load(sys.stdin):
        configuration = hcl2.loads(text)
        made, providers = set(), {bare(one["alias"]) for block in configuration["provider"] for one in block.values()}
        variables = {bare(name) for block in configuration.get("variable", []) for name in block}
        resources = []
        for block in configuration["resource"]:
            ((kind, named),) = block.items()
            ((name, body),) = ((name, body) for name, body in named.items() if not name.startswith("__"))
            resources.append((bare(kind), bare(name), body))
            assert (bare(kind), bare(name)) not in made, f"{kind}.{name} is there twice"
            made.add((bare(kind), bare(name)))
        for kind, name, body in resources:
            path = f"{kind}.{name}"
            check(path, {name: value for name, value in body.items() if bare(name) not in COMMON}, schema[kind])
            assert body["provider"].removeprefix("${aws.").removesuffix("}") in providers, path
            for depends in body.get("depends_on", []):
                assert is_expression(depends), f"{path} depends on {depends!r}"
            for kind_of, label in re.findall(r"(?<![\w.])(aws_[a-z0-9_]+)\.([a-z0-9_]+)", re.sub(r"arn:[^\"]*", "", json.dumps(body))):
                assert (kind_of, label) in made, f"{path} refers to {kind_of}.{label}, which is not made"
            for variable in re.findall(r"\$\{var\.([a-z0-9_]+)\}", json.dumps(body)):
                assert variable in variables, f"{path} uses {variable}, which is not declared"
        seen |= {kind for kind, _, _ in resources}
    print(json.dumps(sorted(seen)))


with open(sys.argv[1]) as file:
    main(json.load(file))
