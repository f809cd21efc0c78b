"""Settings of every worker of pytest-xdist, and which tests stay in one worker."""

import functools
import gc
import gettext
import json
import marshal
import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from _pytest.assertion import rewrite
from hypothesis import settings
from userprofiles import schema_compiler, template
from userprofiles.schema_violation import Validator
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# Hypothesis fails an example that takes over 200 ms. The first example of a test can import a library, such
# as libphonenumber, which takes long on a machine with other load, and the second example does not.
settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")

SHARED = (
    "tests/components/",
    "tests/e2e/",
    "tests/conformance/test_emulator_",
    "tests/harness/test_emulator_port.py",
    "tests/harness/test_local_aws.py",
)
"""Beginnings of the IDs of tests that share recordings, a deployed stack or a local AWS."""


SHORT_CASES = 5
"""Number of cases of a parametrized test in `make test`, unless the test has the marker `sample`."""


class SharedResourceScheduling(LoadScopeScheduling):
    """Distributes files of unit tests and single other tests.

    Tests stay in one worker if they share what takes seconds to start.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(
            "tests/unit/"
        ):  # short tests: by file, because each message to a worker takes time
            return nodeid.partition("::")[0]
        return next((beginning for beginning in SHARED if nodeid.startswith(beginning)), nodeid)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Mark a test as completed, and forget what is done: it would be counted again after each test."""
        super().mark_test_complete(node, item_index, duration)
        scope = self._split_scope(self.registered_collections[node][item_index])
        if all(self.assigned_work[node][scope].values()):
            del self.assigned_work[node][scope]


@pytest.hookimpl(optionalhook=True)  # pytest-xdist can be turned off
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedResourceScheduling:
    """Replace the scheduler of pytest-xdist."""
    return SharedResourceScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Let each worker rewrite the assertions of its share of the files, and find the others in the cache.

    In a new clone, all workers would rewrite every file at the same time, which takes 10 seconds of each.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or sys.dont_write_bytecode:
        return
    state = session.config.stash[rewrite.assertstate_key]
    files = sorted(Path(__file__).parent.rglob("test_*.py"))
    for file in files[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]:
        folder = rewrite.get_cache_dir(file)
        cache = folder / (file.name.removesuffix(".py") + rewrite.PYC_TAIL)
        if rewrite._read_pyc(file, cache) is None and rewrite.try_makedirs(folder):
            source_hash, code = rewrite._rewrite_test(file, session.config)
            rewrite._write_pyc(state, code, source_hash, cache)


@pytest.hookimpl(tryfirst=True)  # before `-m` selects tests
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark most cases of a test with many cases as long.

    `make test` runs one of n cases of a test with the marker `sample(n)`, and SHORT_CASES cases of any other
    test. The choice depends on the IDs only, so that each case runs either in `make test` or in
    `make test-long`.
    """
    cases = defaultdict(list)
    for item in items:
        if item.nodeid.endswith("]"):
            cases[item.nodeid.partition("[")[0]].append(item)
    for group in cases.values():
        group.sort(key=lambda item: item.nodeid)
        marker = group[0].get_closest_marker("sample")
        step = marker.args[0] if marker else max(1, math.ceil(len(group) / SHORT_CASES))
        for index, item in enumerate(group):
            if index % step:
                item.add_marker(pytest.mark.long)


def pytest_collection_finish() -> None:
    """Collect garbage rarely: most objects are those of large packages, which exist until the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def _look_for_translations_once() -> None:
    """Let argparse look once for translations, not for each argument of each parser."""
    gettext.find = functools.cache(gettext.find)


def _read_service_descriptions_once() -> None:
    """Let all sessions of botocore share the service descriptions, which each client reads in 0.1 s."""
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)


def _compile_each_schema_once() -> None:
    """Let tests that load the same template share its validators: compiling them takes 20 ms."""
    compile_validator = schema_compiler.compile_validator
    validators: dict[str, Validator] = {}

    def compile_once(schema: Any) -> Validator:
        key = json.dumps(schema)
        if key not in validators:
            validators[key] = compile_validator(schema)
        return validators[key]

    schema_compiler.compile_validator = compile_once


def _check_each_template_once() -> None:
    """Let tests that load the same template share the result of its check, which takes 1 ms."""
    find_problems = template._find_problems
    results: dict[str, list[str]] = {}

    def find_once(checked_template: template.Template) -> Iterator[str]:
        key = repr(checked_template.document)
        if key not in results:
            results[key] = list(find_problems(checked_template))
        return iter(results[key])

    template._find_problems = find_once


def _load_each_preset_once() -> None:
    """Give each test a copy of a preset's document: reading and checking the preset takes 2 ms."""
    load, presets = template._load, frozenset(template.names())
    results: dict[str, tuple[bytes, list[str]]] = {}

    def load_once(source: Any) -> tuple[template.Template, Iterator[str]]:
        if not isinstance(source, str) or source not in presets:
            return load(source)
        if source not in results:
            preset, problems = load(source)
            results[source] = marshal.dumps(preset.document), list(problems)
        document, all_problems = results[source]
        return template.Template(source, marshal.loads(document)), iter(all_problems)

    template._load = load_once


_look_for_translations_once()
_read_service_descriptions_once()
_compile_each_schema_once()
_check_each_template_once()
_load_each_preset_once()
