"""What a function's zip holds: the package ``userprofiles`` and its lock file's libraries, always the same.

The libraries come from ``userprofiles/pylock.toml`` (PEP 751, with hashes), installed by uv: from its
cache when it has them, else from the package index. Of botocore's 27 MB of service descriptions, and of
Powertools, only that stays which our functions use. Entries are sorted, times and modes fixed: a second
``pulumi up`` shows no change.

``python -m pulumi_userprofiles.bundle [host|lambda ...]`` builds ahead of time what a later deployment
takes from the cache (``.cache/bundles`` of a checkout, else the user's cache folder).
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from pulumi_userprofiles.reproducible_zip import bytecode_of, read_zip, write_zip

LAMBDA_PYTHON = "3.13"
"""Version of Python that the functions run on."""

PLATFORMS = ("host", "lambda")
"""For this machine's interpreter (a local AWS), or for Lambda on arm64."""

AWS_SERVICES = frozenset({"cognito-idp", "dynamodb", "s3", "sqs"})
"""The services whose descriptions are packed; botocore can make no client for another."""

_UNUSED = tuple(
    f"aws_lambda_powertools/{part}/"
    for part in (
        "event_handler/openapi/swagger_ui",
        "utilities/auth_alpha",
        "utilities/circuit_breaker",
        "utilities/data_masking",
        "utilities/feature_flags",
        "utilities/idempotency",
        "utilities/kafka",
        "utilities/parameters",
        "utilities/parser",
        "utilities/streaming",
        "utilities/validation",
    )
)
"""Parts of Powertools that no handler imports: 300 of 1,050 files, which a local AWS unpacks at each cold
start.
"""

_FORMAT = 1  # part of every digest: raise it when the layout of the zip changes
_SKIPPED_FOLDERS = frozenset({"__pycache__", "bin"})
_SKIPPED_FILES = frozenset(
    {".lock", "INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json", "pylock.toml"}
)


class BundleError(RuntimeError):
    """The zip could not be made; the message says why and how to mend it."""


def build_bundle(platform: str = "lambda", extra_files: Mapping[str, str] | None = None) -> Path:
    """Build the zip of our functions, or take it from the cache.

    Safe to call at the same time in several processes: a file appears under its name only when it is whole.

    Args:
        platform: ``lambda`` (arm64, Python 3.13; not compressed, since zlib's builds differ in what they
            make of the same input) or ``host`` (this interpreter; with bytecode, since a local AWS starts
            cold each time).
        extra_files: Text files to add: path within the zip (``userprofiles/templates/custom.json``) to
            content.

    Returns:
        Path of the zip. Its name holds the digest of what is inside.

    Raises:
        BundleError: Unknown platform, a path that leaves the zip, no uv, or libraries that can't be
            installed.
    """
    if platform not in PLATFORMS:
        raise BundleError(
            f"Unknown platform for a function's zip: got {platform!r}, allowed: {', '.join(PLATFORMS)}. "
            f"Use 'lambda' for AWS and 'host' for a local AWS on this machine."
        )
    extra = {_inside(name): text.encode() for name, text in sorted((extra_files or {}).items())}
    ours = {f"userprofiles/{name}": data for name, data in _files(_source())}
    digest = _digest(_libraries_key(platform), {**ours, **extra})
    target = _cache() / f"userprofiles-{platform}-{digest}.zip"
    if target.exists():
        return target
    entries = _libraries(platform) | ours | extra
    if platform == "host":
        entries |= bytecode_of(ours | extra)
    _write_whole(target, lambda path: write_zip(path, entries, compressed=platform == "host"))
    return target


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name:
        raise BundleError(
            f"A file can't be added to the zip: got the path {name!r}, allowed: a relative one with forward "
            f"slashes that stays inside. Such as 'userprofiles/templates/custom.json'."
        )
    return str(path)


@cache
def _source() -> Path:
    """Find the folder of the package ``userprofiles`` without importing it."""
    spec = importlib.util.find_spec("userprofiles")
    if spec is None or spec.origin is None:
        raise BundleError(
            "The package 'userprofiles', which a function's zip is made from, is not installed beside "
            "'pulumi_userprofiles'. Install the distribution pulumi-userprofiles, which holds both."
        )
    return Path(spec.origin).parent


def _cache() -> Path:
    """Where built zips are kept: in the checkout if there is one, else in the user's cache folder."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "uv.lock").is_file():
        return checkout / ".cache" / "bundles"
    if sys.platform == "darwin":
        home = Path.home() / "Library" / "Caches"
    else:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "pulumi-userprofiles" / "bundles"


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every file under a folder that belongs into a zip: its path with forward slashes, and its content."""
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        skipped = path.name in _SKIPPED_FILES or not _SKIPPED_FOLDERS.isdisjoint(relative.parts)
        if path.is_file() and not skipped:
            yield relative.as_posix(), path.read_bytes()


def _digest(key: str, files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(f"{_FORMAT}\0{key}".encode())
    for name, data in sorted(files.items()):
        digest.update(f"\0{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:16]


def _libraries_key(platform: str) -> str:
    lock = hashlib.sha256((_source() / "pylock.toml").read_bytes()).hexdigest()
    runs_on = (
        f"{sys.implementation.cache_tag} {sysconfig.get_platform()}" if platform == "host" else LAMBDA_PYTHON
    )
    return f"{platform} {runs_on} {lock} {' '.join(sorted(AWS_SERVICES))} {' '.join(_UNUSED)}"


def _libraries(platform: str) -> dict[str, bytes]:
    """The lock file's libraries, cut down to what is needed: installed once, then kept as a zip."""
    kept = _cache() / f"libraries-{platform}-{_digest(_libraries_key(platform), {})}.zip"
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="userprofiles-libraries-") as folder:
            _install(Path(folder), platform)
            entries = {name: data for name, data in _files(Path(folder)) if _is_needed(name)}
        if platform == "host":
            entries |= bytecode_of(entries)
        _write_whole(kept, lambda path: write_zip(path, entries))
    return read_zip(kept)


def _is_needed(name: str) -> bool:
    """Whether a function uses a library's file; a test imports the zip alone and holds us to it."""
    match name.split("/"):
        case ["botocore", "data", service, _, *_]:
            return service in AWS_SERVICES and not name.endswith("/examples-1.json")
        case ["aws_lambda_powertools", *_]:
            return not name.startswith(_UNUSED)
        case _:
            return True


def _install(target: Path, platform: str) -> None:
    """Let uv install the lock file's libraries: offline when its cache holds them, which takes 0.1 s."""
    command = [str(_uv()), "pip", "install", "--quiet", "--no-config", "--preview-features", "pylock"]
    command += ["--python", sys.executable, "--target", str(target), "--only-binary", ":all:"]
    if platform == "lambda":
        command += ["--python-platform", "aarch64-manylinux2014", "--python-version", LAMBDA_PYTHON]
    command += ["-r", str(_source() / "pylock.toml")]
    attempts = [[*command, "--offline"], command]
    for attempt in attempts:
        result = subprocess.run(attempt, capture_output=True, text=True, check=False)  # noqa: S603  our own arguments
        if result.returncode == 0:
            return
    raise BundleError(
        "The libraries of a function's zip could not be installed: neither uv's cache nor the package index "
        "had them all. Connect to the network once (or set UV_DEFAULT_INDEX to a mirror) and try again. "
        f"uv said: {result.stderr.strip()}"
    )


def _uv() -> Path:
    """Find uv: beside this interpreter, else on PATH."""
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if found is None:
        raise BundleError(
            "uv, which installs the libraries of a function's zip from the lock file, was found neither "
            f"beside {sys.executable} nor on PATH. Install it: pip install 'pulumi-userprofiles[pulumi]'."
        )
    return Path(found)


def _write_whole(target: Path, write: Callable[[Path], None]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".writing-", suffix=".zip", dir=target.parent)
    os.close(handle)
    try:
        write(Path(name))
        Path(name).chmod(0o644)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _main(platforms: list[str]) -> int:
    try:
        for platform in platforms or PLATFORMS:
            build_bundle(platform)
    except BundleError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
