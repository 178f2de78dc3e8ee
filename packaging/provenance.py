#!/usr/bin/env python3
"""The provenance of a release that was made by hand: an in-toto statement with SLSA's predicate, without a signature.

    packaging/provenance.py SUMS REPOSITORY COMMIT VERSION      prints it
    packaging/provenance.py --check FILE SUMS                   compares a printed one with the checksums

It says what was made of which commit, and that nobody vouches for it. The workflow attests its own, signed, with
actions/attest-build-provenance; that is the one to verify.
"""

import json
import sys


def subjects(path):
    with open(path, encoding="utf-8") as file:
        pairs = [line.split() for line in file]
    return [{"name": name, "digest": {"sha256": digest}} for digest, name in pairs]


def main():
    match sys.argv[1:]:
        case ["--check", path, sums]:
            with open(path, encoding="utf-8") as file:
                statement = json.load(file)
            if statement["subject"] != subjects(sums):
                sys.exit("error: the provenance is about other files than SHA256SUMS")
            if statement["predicateType"] != "https://slsa.dev/provenance/v1":
                sys.exit("error: the provenance is of another type")
        case [sums, repository, commit, version]:
            statement = {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": subjects(sums),
                "predicateType": "https://slsa.dev/provenance/v1",
                "predicate": {
                    "buildDefinition": {
                        "buildType": f"{repository}/blob/main/docs/release.md",
                        "externalParameters": {"script": "scripts/release", "version": version},
                        "internalParameters": {},
                        "resolvedDependencies": [{"uri": f"git+{repository}", "digest": {"gitCommit": commit}}],
                    },
                    "runDetails": {"builder": {"id": f"{repository}/blob/main/scripts/release"}},
                },
            }
            print(json.dumps(statement, indent=2))
        case _:
            sys.exit(__doc__)


main()
