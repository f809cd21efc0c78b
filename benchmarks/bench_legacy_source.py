"""Measure the memory and the speed of reading an old database: a large dump needs at most 250 MB.

    python benchmarks/bench_legacy_source.py [--megabytes 200] [--form dump|dump.gz|lines|array]

It writes users and content of the size of a real application, with a document of 8 MB among them, as files of
mongodump or mongoexport. A process of its own reads all of them with the preset `biograph`, as the first pass
of an import does. The benchmark passes if the peak of its resident memory is at most 250 MB, and at most 10 %
more than for a quarter of the documents; else it exits with 1. With 1,000 MB, it takes some minutes.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bson
from bson import ObjectId, json_util

LIMIT_MB = 250
MAX_GROWTH = 1.1
FORMS = ("dump", "dump.gz", "lines", "array")
_USERS_SHARE = 0.4
_LARGE_TEXT = "x" * 8_000_000
_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)

_READER = """
import json, resource, sys, time
from userprofiles.legacy.documents.open_source import open_source
from userprofiles.legacy.mapping.first_pass import run_first_pass
from userprofiles.legacy.mapping.mapping import LegacyMapping
begin = time.monotonic()
counts = run_first_pass(open_source(sys.argv[1]), LegacyMapping.load("biograph")).to_json()
print(json.dumps({
    "documents": sum(entry["documents"] for entry in counts),
    "seconds": time.monotonic() - begin,
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def object_id(number: int) -> ObjectId:
    """Return the ObjectId of a number."""
    return ObjectId(number.to_bytes(12, "big"))


def users() -> Iterator[dict[str, Any]]:
    """Generate users without end: about 1.3 KB each, with up to 60 friends."""
    for number in range(sys.maxsize):
        friends = [object_id(number + distance) for distance in range(number % 60)]
        yield {
            "_id": object_id(number),
            "username": f"üser{number}",
            "phone_number": f"5{number:09}",
            "country_code": 1,
            "name": f"Zoë {number}",
            "profile_pic_url": f"https://old.example/{number}.jpg",
            "profile_settings": "F",
            "email_notification": {"all": True},
            "push_notification": {"all": False},
            "friends": friends,
            "subscribers": friends[:10],
            "premium_plan": "yearly",
            "premium_end": _BEGIN + timedelta(minutes=number),
            "device_token": "x" * 150,
        }


def biographs() -> Iterator[dict[str, Any]]:
    """Generate content without end: about 2 KB each, and a document of 8 MB after a thousand others."""
    for number in range(sys.maxsize):
        yield {
            "_id": object_id(number),
            "user_id": object_id(number % 1_000),
            "title": f"Story {number}",
            "record_text": _LARGE_TEXT if number == 1_000 else "word " * (number % 700),
            "record_time": _BEGIN + timedelta(minutes=number),
            "audio_url": f"https://old.example/audio/{number}.mp3",
        }


def write_collection(path: Path, documents: Iterator[dict[str, Any]], size: float, form: str) -> None:
    """Write documents until a file has a number of bytes before compression."""
    written = 0
    opener = gzip.open if form == "dump.gz" else open
    with opener(path, "wb") as file:
        for number, document in enumerate(documents):
            data = bson.encode(document) if "dump" in form else json_util.dumps(document).encode()
            if form == "array":
                data = (b"," if number else b"[") + data
            written += file.write(data + (b"\n" if form == "lines" else b""))
            if written >= size:
                break
        if form == "array":
            file.write(b"]\n")


def measure(megabytes: float, form: str) -> dict[str, float]:
    """Write a database of a size and read it. Return the documents, the seconds and the peak memory in MB."""
    suffix = {"dump": "bson", "dump.gz": "bson.gz"}.get(form, "json")
    with tempfile.TemporaryDirectory() as folder:
        for name, documents, share in (
            ("authapp_usermodel", users(), _USERS_SHARE),
            ("biographapp_biographmodel", biographs(), 1 - _USERS_SHARE),
        ):
            write_collection(Path(folder, f"{name}.{suffix}"), documents, megabytes * share * 1e6, form)
        kind = "dump" if "dump" in form else "export"
        command = [sys.executable, "-c", _READER, f"{kind}:{folder}"]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    numbers: dict[str, float] = json.loads(result.stdout)
    print(
        f"{form}: {megabytes:,.0f} MB, {numbers['documents']:,} documents in {numbers['seconds']:.1f} s "
        f"({megabytes / numbers['seconds']:.0f} MB/s), peak {numbers['megabytes']:.0f} MB"
    )
    return numbers


def main() -> int:
    """Measure two sizes, and compare them with the limits."""
    parser = argparse.ArgumentParser(description="Measures the memory of reading an old database.")
    parser.add_argument("--megabytes", type=float, default=200, help="size of the database (default: 200)")
    parser.add_argument("--form", choices=FORMS, default="dump", help="form of the files (default: dump)")
    arguments = parser.parse_args()
    begin = time.monotonic()
    small = measure(arguments.megabytes / 4, arguments.form)["megabytes"]
    large = measure(arguments.megabytes, arguments.form)["megabytes"]
    is_passed = large <= LIMIT_MB and large <= small * MAX_GROWTH
    print(
        f"{'passed' if is_passed else 'FAILED'}: {large:.0f} MB of at most {LIMIT_MB} MB, "
        f"{large / small:.2f} times a quarter of the documents (at most {MAX_GROWTH}), "
        f"{time.monotonic() - begin:.0f} s"
    )
    return 0 if is_passed else 1


if __name__ == "__main__":
    sys.exit(main())
