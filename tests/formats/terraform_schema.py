"""Writes which arguments Terraform resources take: `terraform_schema.py WHEEL TYPE… > fixtures/schemas/terraform-aws.json`.

Reads the wheel of `cdktf-cdktf-provider-aws` from PyPI, which was generated from the provider's own schema, and runs nothing of it.
"""

import ast
import json
import re
import sys
import zipfile

PACKAGE = "cdktf_cdktf_provider_aws"
#: jsii keeps this name for itself.
RENAMED = {"equal_to": "equals"}
#: Arguments that every resource has, and those of the bindings alone.
COMMON = {"connection", "count", "depends_on", "for_each", "id_", "lifecycle", "provider", "provisioners", "scope"}


def arguments(one, classes, top=False):
    """Name, kind and whether it has to be there, of each argument; those of a block inside it."""
    (init,) = (function for function in one.body if isinstance(function, ast.FunctionDef) and function.name == "__init__")
    found = {}
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults):
        if top and argument.arg in COMMON:
            continue
        kind = ast.unparse(argument.annotation)
        names = re.findall(r"\b([A-Z][A-Za-z0-9]+)\b", kind)
        block = next((name for name in names if name in classes and not name.endswith(("List", "Map"))), None)
        says = {"required": True} if default is None else {}
        if block:
            says["block"] = arguments(classes[block], classes)
        else:
            tests = (("Sequence", "list"), ("Mapping", "map"), ("Number", "number"), ("bool", "bool"), ("str", "string"))
            says["kind"] = next(name for word, name in tests if word in kind)
        name = argument.arg.rstrip("_")
        found[RENAMED.get(name, name)] = says
    return found


def main(wheel, *types):
    archive, schema = zipfile.ZipFile(wheel), {}
    for name in types:
        module = ast.parse(archive.read(f"{PACKAGE}/{name.removeprefix('aws_')}/__init__.py"))
        classes = {one.name: one for one in module.body if isinstance(one, ast.ClassDef)}
        (resource,) = (one for one in classes.values() if any("TerraformResource" in ast.unparse(base) for base in one.bases))
        schema[name] = arguments(resource, classes, top=True)
    print(json.dumps(schema, indent=1, sort_keys=True))


main(*sys.argv[1:])
