"""The table of docs/scale.md: it is current, and its arithmetic has the numbers of the job's code."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def load_benchmark(monkeypatch):
    """Return a function that imports a program of the folder `benchmarks`."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


def test_table_of_the_document_is_current(load_benchmark):
    table = load_benchmark("scale_arithmetic").render_table()

    assert table in (ROOT / "docs" / "scale.md").read_text(), "run python benchmarks/scale_arithmetic.py"


@pytest.mark.parametrize(("units", "users_per_unit"), [(1, 1_000), (2, 1_426)], ids=["full page", "rest"])
def test_engine_uses_what_the_arithmetic_says(load_benchmark, units, users_per_unit):
    numbers = load_benchmark("bench_scale_simulation").compare(units, users_per_unit)

    assert {name: expected for name, expected, _ in numbers} == {name: actual for name, _, actual in numbers}


def test_history_of_a_child_execution_is_far_from_its_limit(load_benchmark):
    arithmetic = load_benchmark("scale_arithmetic")

    assert max(migration.history_events for migration in arithmetic.MIGRATIONS) * 10 < 25_000
