#!/usr/bin/env python3
"""The software bill of materials: CycloneDX 1.6, of what Cargo.lock says and the binary is linked from.

    packaging/sbom.py VERSION EPOCH          prints it
    packaging/sbom.py --check FILE VERSION   compares a printed one with Cargo.lock

Build scripts, procedural macros and what they are made of are listed with the scope `excluded`: they run when the binary
is built and are not in it.
"""

import json
import subprocess
import sys
import tomllib
import uuid
from datetime import datetime, timezone

# The platforms of a release; a crate of any of them is listed.
TARGETS = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
]


def metadata():
    filters = [word for target in TARGETS for word in ("--filter-platform", target)]
    command = ["cargo", "metadata", "--format-version", "1", "--locked", *filters]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def graph(data):
    """What the package needs, by id: the edges, and the ids that are linked into the binary."""
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    root = data["resolve"]["root"]

    def edges(node, kinds):
        return [
            edge["pkg"]
            for edge in nodes[node]["deps"]
            if any(kind["kind"] in kinds for kind in edge["dep_kinds"])
        ]

    def is_macro(node):
        return any("proc-macro" in target["kind"] for target in packages[node]["targets"])

    def reach(kinds, follows):
        found, open_ = set(), [root]
        while open_:
            node = open_.pop()
            if node in found or not follows(node):
                continue
            found.add(node)
            open_.extend(edges(node, kinds))
        return found

    linked = reach([None], lambda node: not is_macro(node))
    every = reach([None, "build"], lambda _: True)
    return root, packages, {node: sorted(set(edges(node, [None, "build"]))) for node in every}, linked


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, checksum, linked):
    out = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
        "scope": "required" if linked else "excluded",
    }
    if package["description"]:
        out["description"] = " ".join(package["description"].split())
    if package["license"]:
        # The older spelling of "or".
        out["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if checksum:
        out["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        out["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return out


def checksums():
    with open("Cargo.lock", "rb") as file:
        lock = tomllib.load(file)
    return {(one["name"], one["version"]): one.get("checksum") for one in lock["package"]}


def make(version, epoch):
    root, packages, edges, linked = graph(metadata())
    sums = checksums()
    rest = sorted((packages[node] for node in edges if node != root), key=purl)
    main = component(packages[root], None, True) | {"type": "application"}
    del main["scope"]
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{purl(packages[root])}#{epoch}')}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "packaging/sbom.py", "version": version}]},
            "component": main,
        },
        "components": [
            component(one, sums.get((one["name"], one["version"])), one["id"] in linked) for one in rest
        ],
        "dependencies": [
            {"ref": purl(packages[node]), "dependsOn": sorted(purl(packages[to]) for to in edges[node])}
            for node in sorted(edges, key=lambda node: purl(packages[node]))
        ],
    }
    print(json.dumps(bom, indent=2, ensure_ascii=False))


def check(path, version):
    with open(path, encoding="utf-8") as file:
        bom = json.load(file)
    named = {(one["name"], one["version"]): one for one in bom["components"]}
    problems = []
    if (bom["bomFormat"], bom["specVersion"]) != ("CycloneDX", "1.6"):
        problems.append("it is not CycloneDX 1.6")
    if bom["metadata"]["component"]["version"] != version:
        problems.append(f"it is not of {version}")
    sums = checksums()
    for key, one in named.items():
        if key not in sums:
            problems.append(f"{key[0]} {key[1]} is not in Cargo.lock")
        elif one.get("hashes", [{}])[0].get("content") != sums[key]:
            problems.append(f"{key[0]} {key[1]} has another checksum")
        if "licenses" not in one:
            problems.append(f"{key[0]} {key[1]} has no licence")
    if not any(one["scope"] == "required" for one in named.values()):
        problems.append("nothing is linked")
    refs = {one["bom-ref"] for one in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
    for edge in bom["dependencies"]:
        problems.extend(f"{to} is not listed" for to in {edge["ref"], *edge["dependsOn"]} - refs)
    if problems:
        sys.exit("error: the bill of materials is wrong: " + "; ".join(problems))


def main():
    match sys.argv[1:]:
        case ["--check", path, version]:
            check(path, version)
        case [version, epoch]:
            make(version, int(epoch))
        case _:
            sys.exit(__doc__)


main()
