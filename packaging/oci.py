#!/usr/bin/env python3
"""The container image as an OCI layout, without a container engine: one index, an image for each architecture.

    packaging/oci.py make FOLDER VERSION DESCRIPTION EPOCH ARCHITECTURE=PROGRAM...
    packaging/oci.py check FOLDER VERSION MOST-BYTES

The image is the one of the Dockerfile: the program, and a user that is not root. The same program and epoch give the same
bytes. `skopeo copy --all oci:FOLDER docker://NAME` publishes it.
"""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
from datetime import datetime, timezone

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
FILES = {
    "etc/group": b"nobody:x:65534:\n",
    "etc/passwd": b"nobody:x:65534:65534:nobody:/:/sbin/nologin\n",
}


def fail(message):
    sys.exit(f"error: {message}")


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Layout:
    """A folder of blobs that are called by their digests."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(data)

    def blob(self, media_type, data, **more):
        self.write(f"blobs/sha256/{digest(data)}", data)
        return {"mediaType": media_type, "digest": f"sha256:{digest(data)}", "size": len(data), **more}

    def json(self, media_type, value, **more):
        return self.blob(media_type, json.dumps(value, separators=(",", ":"), sort_keys=True).encode(), **more)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def of(self, descriptor, media_type):
        """The blob of a descriptor, whose digest and size are what it says."""
        if descriptor["mediaType"] != media_type:
            fail(f"a descriptor is of {descriptor['mediaType']}, not of {media_type}")
        data = self.read("blobs/" + descriptor["digest"].replace(":", "/"))
        if f"sha256:{digest(data)}" != descriptor["digest"] or len(data) != descriptor["size"]:
            fail(f"blob {descriptor['digest']} is not what its descriptor says")
        return data


def layer(program, epoch):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:

        def add(name, mode, data=None):
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = mode, epoch
            if data is None:
                info.type = tarfile.DIRTYPE
            else:
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data or b""))

        add("etc", 0o755)
        for name, data in FILES.items():
            add(name, 0o644, data)
        add("krm-parity", 0o555, program)
    return out.getvalue()


def make(folder, version, description, epoch, programs):
    layout = Layout(folder)
    created = datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    labels = {
        "org.opencontainers.image.title": "krm-parity",
        "org.opencontainers.image.description": description,
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.version": version,
    }
    manifests = []
    for architecture, path in programs:
        with open(path, "rb") as file:
            plain = layer(file.read(), epoch)
        packed = gzip.compress(plain, compresslevel=9, mtime=0)
        platform = {"architecture": architecture, "os": "linux"}
        config = {
            **platform,
            "created": created,
            "config": {"User": "65534:65534", "Entrypoint": ["/krm-parity"], "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest(plain)}"]},
            "history": [{"created": created, "created_by": "packaging/oci.py"}],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": layout.json(CONFIG, config),
            "layers": [layout.blob(LAYER, packed)],
            "annotations": labels,
        }
        manifests.append(layout.json(MANIFEST, manifest, platform=platform))
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, "annotations": labels}
    reference = layout.json(INDEX, index, annotations={"org.opencontainers.image.ref.name": version})
    layout.write("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    top = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [reference]}
    layout.write("index.json", json.dumps(top, separators=(",", ":"), sort_keys=True).encode())


def check(folder, version, most):
    layout = Layout(folder)
    if json.loads(layout.read("oci-layout")) != {"imageLayoutVersion": "1.0.0"}:
        fail("oci-layout is of another version")
    (reference,) = json.loads(layout.read("index.json"))["manifests"]
    if reference["annotations"]["org.opencontainers.image.ref.name"] != version:
        fail(f"the layout is not of {version}")
    seen = {reference["digest"]}
    index = json.loads(layout.of(reference, INDEX))
    if not index["manifests"]:
        fail("the index has no image")
    for entry in index["manifests"]:
        manifest = json.loads(layout.of(entry, MANIFEST))
        config = json.loads(layout.of(manifest["config"], CONFIG))
        (packed,) = manifest["layers"]
        plain = gzip.decompress(layout.of(packed, LAYER))
        seen |= {entry["digest"], manifest["config"]["digest"], packed["digest"]}
        if config["rootfs"]["diff_ids"] != [f"sha256:{digest(plain)}"]:
            fail("a layer is not the one that its configuration names")
        if config["architecture"] != entry["platform"]["architecture"]:
            fail("an image is of another architecture than its index says")
        if config["config"]["User"] != "65534:65534":
            fail("the program of the image would run as root")
        if len(plain) >= most:
            fail(f"the image has {len(plain):,} bytes: it must stay under {most:,}")
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            if tar.getnames() != ["etc", *FILES, "krm-parity"]:
                fail(f"a layer holds {tar.getnames()}")
            # The machine that an ELF file is for, as a little-endian number at byte 18.
            machine = int.from_bytes(tar.extractfile("krm-parity").read(20)[18:20], "little")
            if machine != {"amd64": 62, "arm64": 183}[config["architecture"]]:
                fail(f"the program of {config['architecture']} is for another machine")
    there = {f"sha256:{name}" for name in os.listdir(layout.path("blobs/sha256"))}
    if there != seen:
        fail(f"blobs that nothing names, or that are missing: {sorted(there ^ seen)}")


def main():
    match sys.argv[1:]:
        case ["make", folder, version, description, epoch, *programs] if programs:
            make(folder, version, description, int(epoch), [one.split("=", 1) for one in programs])
        case ["check", folder, version, most]:
            check(folder, version, int(most))
        case _:
            sys.exit(__doc__)


main()
