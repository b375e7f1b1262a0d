#!/usr/bin/env python3
"""Writes model.json: what the wire client must know of AWS's operations, out of botocore's service models.

    pip install botocore && python3 src/collect/wire/model.py [--check]

It covers every operation that a collector asks through the wire, as `Call::each_region(Operation::...)` and its like in
src/collect/service name them. Of outputs it holds the members whose names src/snapshot/shapes has for the service and the
tokens of pages; protocols that already speak the AWS CLI's JSON need no outputs. With --check nothing is written: it fails when the file is not what it would write.
"""

import json
import re
import sys
from pathlib import Path

import botocore
import botocore.session
from botocore.exceptions import UnknownServiceError

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
TARGET = HERE / "model.json"

# The names of services that the AWS CLI spells otherwise than botocore.
BOTOCORE = {"s3api": "s3", "configservice": "config"}

SCALARS = {
    "string": None, "character": None, "boolean": "boolean", "integer": "integer", "long": "integer",
    "float": "float", "double": "float", "timestamp": "timestamp", "blob": "blob",
}

# The outermost elements of S3's answers without a payload member: botocore's model leaves them out, the S3 API Reference
# shows each in its "Response Syntax".
ROOTS = {
    "ListBuckets": "ListAllMyBucketsResult",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
}


def wanted():
    """Service and name of every operation that is asked through the wire, by the table of operations."""
    rows = re.findall(r'(\w+): "([a-z0-9-]+)" "(\w+)" =>', (ROOT / "src/snapshot/operation.rs").read_text())
    rows = {variant: (service, name) for variant, service, name in rows}
    asked = set()
    for file in sorted((ROOT / "src/collect/service").glob("*.rs")):
        text = file.read_text()
        by_sdk = "use aws_sdk_" in text
        asked |= set(re.findall((r"(?:Call::\w+|context\.ask)\(\s*" if by_sdk else "") + r"Operation::(\w+)", text.split("#[cfg(test)]")[0]))
    return sorted({rows[variant] for variant in asked})


def shown(service):
    """The names of members that some shape of a service reads, as the AWS CLI prints them."""
    folder = ROOT / "src/snapshot/shapes"
    text = (folder / f"{service.replace('-', '_')}.rs").read_text()
    for other in re.findall(r"use super::(\w+)::", text):
        text += (folder / f"{other}.rs").read_text()
    names = set(re.findall(r'(?:rename|alias) = "([^"]+)"', text))
    for field in re.findall(r"(\w+):", text):
        pascal = "".join(part[:1].upper() + part[1:] for part in field.split("_"))
        names |= {pascal, pascal[:1].lower() + pascal[1:]}
    return names


def rewritten(protocol):
    """Whether an answer's members are spelled otherwise on the wire than the AWS CLI prints them."""
    return protocol != "json"


class Service:
    """One service's part of the model."""

    def __init__(self, session, name):
        botocore_name = BOTOCORE.get(name, name)
        try:
            self.model = session.get_service_model(botocore_name)
        except UnknownServiceError:
            sys.exit(f"botocore does not know {name}: add its name to BOTOCORE")
        self.paginators = None
        try:
            self.paginators = session.get_paginator_model(botocore_name)
        except Exception:  # botocore has no page file for some services
            pass
        self.protocol = self.model.metadata["protocol"]
        if self.protocol == "smithy-rpc-v2-cbor":
            self.protocol = next(one for one in self.model.metadata["protocols"] if one in ("json", "query"))
        self.shown = shown(name)
        self.shapes = {}
        self.operations = {}

    def add(self, name):
        operation = self.model.operation_model(name)
        entry = {"method": operation.http["method"], "uri": operation.http["requestUri"]}
        page = self.page(operation)
        if page:
            self.shown |= set(page["output"].split(".")) | set(page.get("more", "").split("."))
        inputs = self.inputs(operation.input_shape)
        if inputs:
            entry["input"] = inputs
        output = operation.output_shape
        if output is not None and rewritten(self.protocol):
            payload = output.serialization.get("payload")
            if payload:
                member = output.members[payload]
                entry["payload"] = payload
                entry["root"] = member.serialization.get("name", member.name)
                entry["output"] = self.shape(member)
            else:
                entry["output"] = self.shape(output)
                if self.protocol == "rest-xml":
                    entry["root"] = ROOTS[name] if self.model.service_name == "s3" else output.serialization.get("name", name + "Result")
            if entry["output"] is None:
                del entry["output"], entry["root"]
            if "resultWrapper" in output.serialization:
                entry["wrapper"] = output.serialization["resultWrapper"]
        if page:
            entry["page"] = page
        self.operations[name] = entry

    def inputs(self, shape):
        found = {}
        for name, member in (shape.members if shape else {}).items():
            serialization = member.serialization
            place = serialization.get("location", "body")
            if place == "statusCode" or (self.protocol == "json" and place == "body"):
                continue
            is_list = member.type_name == "list"
            if (member.member if is_list else member).type_name not in SCALARS and self.protocol in ("ec2", "query"):
                continue
            if place == "body" and self.protocol == "rest-xml":
                continue
            wire = self.input_name(name, member)
            entry = {}
            if wire != name:
                entry["wire"] = wire
            if place != "body":
                entry["place"] = place
            if is_list and self.protocol == "query" and not serialization.get("flattened"):
                entry["item"] = member.member.serialization.get("name", "member")
            if place == "body" and self.protocol == "rest-json" and member.type_name not in SCALARS:
                entry["shape"] = self.shape(member, output=False)
            found[name] = entry
        return found

    def input_name(self, name, member):
        if self.protocol != "ec2":
            return member.serialization.get("name", name)
        if "queryName" in member.serialization:
            return member.serialization["queryName"]
        wire = member.serialization.get("name", name)
        return wire[0].upper() + wire[1:]

    def page(self, operation):
        entry = (self.paginators._paginator_config if self.paginators else {}).get(operation.name)
        if entry is None:
            inputs = operation.input_shape.members if operation.input_shape else {}
            outputs = operation.output_shape.members if operation.output_shape else {}
            for token, following in [("NextToken", "NextToken"), ("nextToken", "nextToken"), ("Marker", "NextMarker")]:
                if token in inputs and following in outputs:
                    return {"input": token, "output": following}
            return None
        if not isinstance(entry["input_token"], str) or not re.fullmatch(r"[\w.]+", entry["output_token"]):
            sys.exit(f"the pages of {operation.name} are not simple: teach src/collect/wire about them")
        page = {"input": entry["input_token"], "output": entry["output_token"]}
        if "more_results" in entry:
            page["more"] = entry["more_results"]
        return page

    def shape(self, shape, output=True):
        """The name of a type; structures, lists and maps are added to the model, those of outputs as far as they are read."""
        if shape.type_name in SCALARS:
            return SCALARS[shape.type_name]
        if shape.name in self.shapes:
            return shape.name
        entry = self.shapes[shape.name] = {"is": shape.type_name}
        if shape.type_name == "structure":
            members = {}
            for name, member in shape.members.items():
                if member.serialization.get("location") in ("header", "headers", "statusCode"):
                    continue
                if output and name not in self.shown:
                    continue
                members[name] = self.member(name, member, output)
            entry["members"] = members
        elif shape.type_name == "list":
            entry["item"] = self.member("item" if self.protocol == "ec2" else "member", shape.member, output)
            if shape.serialization.get("flattened"):
                entry["flat"] = True
        else:
            entry["key"] = self.member("key", shape.key, output)
            entry["value"] = self.member("value", shape.value, output)
            if shape.serialization.get("flattened"):
                entry["flat"] = True
        return shape.name

    def member(self, name, member, output):
        entry = {}
        wire = member.serialization.get("name", name)
        if member.type_name == "list" and member.serialization.get("flattened"):
            # A flattened list has the name of its items.
            wire = member.member.serialization.get("name", wire)
        if wire != name or name in ("item", "member", "key", "value"):
            entry["wire"] = wire
        kind = self.shape(member, output)
        if kind is not None:
            entry["shape"] = kind
        if member.serialization.get("xmlAttribute"):
            entry["attribute"] = True
        return entry

    def description(self):
        metadata = self.model.metadata
        entry = {
            "protocol": self.protocol,
            "id": metadata["serviceId"],
            "endpoint": metadata["endpointPrefix"],
            "signing": self.model.signing_name,
            "version": self.model.api_version,
        }
        if self.protocol == "json":
            entry["json"] = metadata["jsonVersion"]
            entry["target"] = metadata["targetPrefix"]
        return entry


def main():
    session = botocore.session.get_session()
    services = {}
    for service, name in wanted():
        services.setdefault(service, Service(session, service)).add(name)
    lines = ["{", f' "source": "botocore {botocore.__version__}",', ' "services": {']
    for number, (name, service) in enumerate(services.items()):
        lines.append(f'  "{name}": {json.dumps(service.description())[:-1]}, "operations": {{')
        lines.append(",\n".join(f'    "{key}": {json.dumps(value)}' for key, value in sorted(service.operations.items())))
        lines.append('   }, "shapes": {')
        if service.shapes:
            lines.append(",\n".join(f'    "{key}": {json.dumps(value)}' for key, value in sorted(service.shapes.items())))
        lines.append("   }}" + ("," if number + 1 < len(services) else ""))
    lines += [" }", "}", ""]
    text = "\n".join(lines)
    json.loads(text)
    if "--check" not in sys.argv:
        TARGET.write_text(text)
    elif TARGET.read_text().split("\n")[2:] != text.split("\n")[2:]:
        sys.exit(f"{TARGET} is not what this botocore ({botocore.__version__}) makes of the operations; run without --check")


main()
