"""Builds the functions' zip: the package ``userprofiles`` and the libraries in its lock file.

uv installs the libraries of ``userprofiles/pylock.toml`` (PEP 751, with hashes), from its cache if
possible, otherwise from the package index. A function with more libraries has its own lock file, and so its
own zip. Parts of botocore (27 MB of service descriptions) and of Powertools that the functions do not use are
left out. All modules are compiled by the Python version that runs them, because a function without bytecode
compiles them at every cold start. For the same reason, templates are compiled to modules, and botocore's
descriptions are reduced. Entries are sorted, and their times and modes are fixed, so that a second
``pulumi up`` shows no change.

``python -m pulumi_userprofiles.bundle [host|lambda ...]`` builds the zips in advance. A later deployment
takes them from the cache: ``.cache/bundles`` in a checkout, otherwise the user's cache folder.
"""

import argparse
import hashlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from pulumi_userprofiles.build_tools import BundleError, python_path, uv_path
from pulumi_userprofiles.bytecode import compile_modules
from pulumi_userprofiles.reproducible_zip import read_zip, write_zip
from pulumi_userprofiles.service_descriptions import reduce_descriptions
from pulumi_userprofiles.template_modules import compile_templates

RUNTIMES = ("python3.13", "python3.12", "python3.11")
"""Lambda runtimes that the functions' code supports. The first is the default."""

PLATFORMS = ("host", "lambda")
"""This machine's interpreter (for a local AWS), and Lambda on arm64."""

AWS_SERVICES = frozenset(
    {"cognito-idp", "dynamodb", "kms", "lambda", "s3", "secretsmanager", "sns", "sqs", "ssm"}
)
"""AWS services whose descriptions are packed; botocore cannot create clients for other services."""

LOCK_FILE = "pylock.toml"
"""Lock file of the zip that most functions share."""

OWN_LOCK_FILES = {"userprofiles.handlers.custom_sms_sender.handler": "pylock.custom_sms_sender.toml"}
"""Lock files of the functions that have a zip of their own, by their handler."""

_UNUSED = tuple(
    f"aws_lambda_powertools/{part}/"
    for part in (
        "event_handler/openapi/swagger_ui",
        "utilities/auth_alpha",
        "utilities/circuit_breaker",
        "utilities/data_masking",
        "utilities/feature_flags",
        "utilities/kafka",
        "utilities/parameters",
        "utilities/parser",
        "utilities/streaming",
        "utilities/validation",
    )
)
"""Parts of Powertools that no handler imports: 300 of the 1,050 files that a local AWS unpacks."""

_BUILD_MODULES = ("bundle", "bytecode", "reproducible_zip", "service_descriptions", "template_modules")
"""The modules that decide what a zip contains. Their digest is part of the key of a cached zip."""
_SKIPPED_FOLDERS = frozenset({"__pycache__", "bin"})
_SKIPPED_FILES = frozenset(
    {".lock", "INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json"}
    | {LOCK_FILE, *OWN_LOCK_FILES.values()}
)


def build_bundle(
    platform: str = "lambda",
    extra_files: Mapping[str, str] | None = None,
    runtime: str = RUNTIMES[0],
    lock_file: str = LOCK_FILE,
) -> Path:
    """Build the functions' zip, or take it from the cache.

    Several processes can call this function at the same time: a file gets its name only when it is complete.

    Args:
        platform: ``lambda`` (arm64; not compressed, because the output of zlib differs between its builds)
            or ``host`` (this interpreter).
        extra_files: Text files to add: path in the zip (``userprofiles/templates/custom.json``) to content.
        runtime: Lambda runtime whose Python version compiles the modules. It has no effect on ``host``.
        lock_file: The lock file in ``userprofiles`` with the libraries.

    Returns:
        Path of the zip. Its name contains the digest of its content.

    Raises:
        BundleError: The platform or runtime is unknown, a path leaves the zip, uv or an interpreter of the
            runtime's version is missing, or the libraries cannot be installed.
    """
    if platform not in PLATFORMS:
        raise BundleError(
            f"Unknown platform for a function's zip. Got {platform!r}; allowed: {', '.join(PLATFORMS)}. "
            "Use 'lambda' for AWS and 'host' for a local AWS on this machine."
        )
    if runtime not in RUNTIMES:
        raise BundleError(
            f"Unknown runtime for a function's zip. Got {runtime!r}; allowed: {', '.join(RUNTIMES)}. "
            f"Choose one of them, or leave it out for the default: {RUNTIMES[0]}."
        )
    version = runtime.removeprefix("python") if platform == "lambda" else None
    extra = {_checked_path(name): text.encode() for name, text in sorted((extra_files or {}).items())}
    own_files = _own_files() | extra
    key = _libraries_key(version, lock_file)
    target = _cache() / f"userprofiles-{platform}-{_digest(key, own_files)}.zip"
    if target.exists():
        return target
    libraries = _libraries(version, lock_file)
    templates = _run(lambda python: compile_templates(libraries | own_files, python), version)
    entries = libraries | _with_bytecode(own_files | templates, version)
    _write_atomically(target, lambda path: write_zip(path, entries, compressed=version is None))
    return target


def _with_bytecode(files: Mapping[str, bytes], version: str | None) -> dict[str, bytes]:
    """Return files and the bytecode of their modules, for a Python version or (None) this interpreter."""
    return {**files, **_run(lambda python: compile_modules(files, python), version)}


def _run(compile_files: Callable[[Path], dict[str, bytes]], version: str | None) -> dict[str, bytes]:
    """Call a compiler with the interpreter of a Python version, or (None) this interpreter."""
    python = Path(sys.executable) if version is None else python_path(version)
    try:
        return compile_files(python)
    except subprocess.CalledProcessError as error:
        raise BundleError(
            f"{python} cannot compile a module of a function's zip. Use another release of this Python "
            f"version. Its output: {error.stderr.decode(errors='replace').strip()}"
        ) from None


def _checked_path(name: str) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name:
        raise BundleError(
            f"The path of an extra file is not valid. Got {name!r}; allowed: a relative path with forward "
            "slashes that stays inside the zip. Use a path such as 'userprofiles/templates/custom.json'."
        )
    return str(path)


@cache
def _source() -> Path:
    """Return the folder of the package ``userprofiles`` without importing the package."""
    spec = importlib.util.find_spec("userprofiles")
    if spec is None or spec.origin is None:
        raise BundleError(
            "The package 'userprofiles', which a function's zip contains, is not installed. "
            "Install the distribution pulumi-userprofiles: it contains 'userprofiles' and "
            "'pulumi_userprofiles'."
        )
    return Path(spec.origin).parent


@cache
def _own_files() -> dict[str, bytes]:
    """Return path in the zip and content of each file of ``userprofiles``, read once for all functions."""
    return {f"userprofiles/{name}": data for name, data in _files(_source())}


def _cache() -> Path:
    """Return the folder for zips: in the checkout if there is one, otherwise in the user's cache folder."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "uv.lock").is_file():
        return checkout / ".cache" / "bundles"
    if sys.platform == "darwin":
        home = Path.home() / "Library" / "Caches"
    else:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "pulumi-userprofiles" / "bundles"


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path (with forward slashes) and content of each file in a folder that belongs in a zip."""
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        is_skipped = path.name in _SKIPPED_FILES or not _SKIPPED_FOLDERS.isdisjoint(relative.parts)
        if path.is_file() and not is_skipped:
            yield relative.as_posix(), path.read_bytes()


def _digest(key: str, files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(f"{_build_code()}\0{key}".encode())
    for name, data in sorted(files.items()):
        digest.update(f"\0{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:16]


@cache
def _build_code() -> str:
    sources = (Path(__file__).with_name(f"{name}.py").read_bytes() for name in _BUILD_MODULES)
    return hashlib.sha256(b"\0".join(sources)).hexdigest()


def _libraries_key(version: str | None, lock_file: str) -> str:
    lock = hashlib.sha256((_source() / lock_file).read_bytes()).hexdigest()
    interpreter = version or f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"
    return f"{interpreter} {lock} {' '.join(sorted(AWS_SERVICES))} {' '.join(_UNUSED)}"


def _libraries(version: str | None, lock_file: str) -> dict[str, bytes]:
    """Return the files of a lock file's libraries that the functions need, from a cached zip."""
    key = _libraries_key(version, lock_file)
    cached_zip = _cache() / f"libraries-{version or 'host'}-{_digest(key, {})}.zip"
    if not cached_zip.exists():
        with tempfile.TemporaryDirectory(prefix="userprofiles-libraries-") as folder:
            _install(Path(folder), version, lock_file)
            files = {name: data for name, data in _files(Path(folder)) if _is_needed(name)}
        files = reduce_descriptions(files, AWS_SERVICES)
        entries = _with_bytecode(files, version)
        _write_atomically(cached_zip, lambda path: write_zip(path, entries))
    return read_zip(cached_zip)


def _is_needed(name: str) -> bool:
    """Return whether the functions use a library's file. A test imports the handlers from the zip alone."""
    match name.split("/"):
        case ["botocore", "data", service, _, *_]:
            return service in AWS_SERVICES and not name.endswith("/examples-1.json")
        case ["boto3", "data" | "examples", *_]:
            return False
        case ["aws_lambda_powertools", *_]:
            return not name.startswith(_UNUSED)
        case _:
            return True


def _install(target: Path, version: str | None, lock_file: str) -> None:
    """Install a lock file's libraries with uv; offline if its cache has them, which takes 0.1 s."""
    command = [str(uv_path()), "pip", "install", "--quiet", "--no-config", "--preview-features", "pylock"]
    command += ["--python", sys.executable, "--target", str(target), "--only-binary", ":all:"]
    if version is not None:
        command += ["--python-platform", "aarch64-manylinux2014", "--python-version", version]
    command += ["-r", str(_source() / lock_file)]
    attempts = [[*command, "--offline"], command]
    for attempt in attempts:
        result = subprocess.run(attempt, capture_output=True, text=True, check=False)  # noqa: S603  our own arguments
        if result.returncode == 0:
            return
    raise BundleError(
        "The libraries of a function's zip could not be installed: neither uv's cache nor the package index "
        "has all of them. Connect to the network once (or set UV_DEFAULT_INDEX to a mirror) and try again. "
        "In a company network, set HTTPS_PROXY to its proxy, and UV_SYSTEM_CERTS=1 or SSL_CERT_FILE for its "
        "certificate. "
        f"Output of uv: {result.stderr.strip()}"
    )


def _write_atomically(target: Path, write: Callable[[Path], None]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".writing-", suffix=".zip", dir=target.parent)
    os.close(descriptor)
    try:
        write(Path(name))
        Path(name).chmod(0o644)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pulumi_userprofiles.bundle",
        description="Build the zips of the Lambda functions in advance, and keep them in the cache.",
    )
    parser.add_argument(
        "platforms",
        nargs="*",
        metavar="platform",
        help=f"platform of the zip: {' or '.join(PLATFORMS)} (default: all)",
    )
    version = importlib.metadata.version("pulumi-userprofiles")
    parser.add_argument("--version", action="version", version=f"pulumi-userprofiles {version}")
    parser.add_argument(
        "--runtime",
        default=RUNTIMES[0],
        help=f"Lambda runtime of the zip: {', '.join(RUNTIMES)} (default: {RUNTIMES[0]})",
    )
    options = parser.parse_args(arguments)
    try:
        for platform in options.platforms or PLATFORMS:
            for lock_file in (LOCK_FILE, *OWN_LOCK_FILES.values()):
                build_bundle(platform, runtime=options.runtime, lock_file=lock_file)
    except BundleError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
