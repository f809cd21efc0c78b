"""Resources of the random provider."""

import base64
import re
import string
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pulumi_localaws.resources.catalog import BY_TOKEN
from pulumi_localaws.resources.resource_type import ResourceContext, ResourceResult

CONTEXT = cast("ResourceContext", SimpleNamespace())


def create(name: str, inputs: dict[str, Any]) -> ResourceResult:
    resource_type = BY_TOKEN[f"random:index/random{name}:Random{name}"]
    if resource_type.check is not None:
        resource_type.check(inputs)
    return resource_type.create(CONTEXT, inputs)


def test_every_type_has_the_outputs_that_it_declares() -> None:
    inputs: dict[str, dict[str, Any]] = {
        "Bytes": {"length": 8},
        "Id": {"byteLength": 8},
        "Integer": {"min": 1, "max": 9},
        "Password": {"length": 12},
        "Pet": {},
        "Shuffle": {"inputs": ["a", "b"]},
        "String": {"length": 12},
        "Uuid": {},
    }
    types = {token: entry for token, entry in BY_TOKEN.items() if token.startswith("random:")}

    assert {f"random:index/random{name}:Random{name}" for name in inputs} == set(types)
    for name, values in inputs.items():
        result = create(name, values)
        assert result.id
        assert set(types[f"random:index/random{name}:Random{name}"].outputs) <= set(result.outputs)


def test_id_has_the_same_bytes_in_each_form() -> None:
    result = create("Id", {"byteLength": 5, "prefix": "p-"})

    value = bytes.fromhex(result.outputs["hex"].removeprefix("p-"))
    assert len(value) == 5
    assert result.outputs["dec"] == f"p-{int.from_bytes(value)}"
    assert base64.b64decode(result.outputs["b64Std"].removeprefix("p-")) == value
    assert result.id == result.outputs["b64Url"].removeprefix("p-")


def test_string_has_the_allowed_and_required_characters() -> None:
    inputs = {"length": 40, "upper": False, "special": False, "minNumeric": 30, "minSpecial": 2}
    text = create("String", inputs | {"overrideSpecial": "_"}).outputs["result"]

    counts = Counter("digit" if character in string.digits else character for character in text)
    assert len(text) == 40
    assert counts["digit"] >= 30
    assert counts["_"] == 2
    assert text == text.lower()


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        ("String", {"length": 0}, "length is 0; allowed: at least 1"),
        ("Password", {"length": 3, "minLower": 2, "minUpper": 2}, "the minimums add up to 4"),
        (
            "String",
            {"length": 3, "lower": False, "upper": False, "number": False, "special": False},
            "Set at least one of them to true",
        ),
        ("Integer", {"min": 2, "max": 1}, "min is 2; allowed: at most max, which is 1"),
    ],
)
def test_impossible_value_is_rejected(name: str, inputs: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        create(name, inputs)


def test_pet_has_as_many_words_as_requested() -> None:
    assert len(create("Pet", {"length": 4, "prefix": "shop", "separator": "_"}).id.split("_")) == 5


def test_shuffle_repeats_the_values_up_to_the_count() -> None:
    results = create("Shuffle", {"inputs": ["a", "b"], "resultCount": 5, "seed": "x"}).outputs["results"]

    assert len(results) == 5
    assert set(results) == {"a", "b"}
