"""Values of items as JSON: every value keeps its type, and JSON numbers are safe for every parser."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from userprofiles.lifecycle.export.export_values import (
    ExportValueError,
    decode,
    decode_fields,
    decode_item,
    encode,
    encode_item,
)
from userprofiles.table.attribute_value import deserialize_item, serialize_item

NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1) | st.decimals(
    -(10**15), 10**15, places=9, allow_nan=False
).map(lambda number: int(number) if number == int(number) else number)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SETS = (
    st.sets(TEXTS, min_size=1, max_size=3)
    | st.sets(NUMBERS, min_size=1, max_size=3)
    | st.sets(st.binary(max_size=5), min_size=1, max_size=3)
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.binary(max_size=12) | SETS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS | st.just("@dynamodb"), inner, min_size=0, max_size=3)
    ),
    max_leaves=10,
)


@given(VALUES)
def test_value_survives_json(value):
    assert decode(json.loads(json.dumps(encode(value)))) == value


@given(st.dictionaries(TEXTS.filter(bool), VALUES, max_size=4))
@pytest.mark.long
def test_item_survives_json(item):
    typed_item = serialize_item(item)

    copy = decode_item(json.loads(json.dumps(encode_item(typed_item))))

    assert deserialize_item(copy) == deserialize_item(typed_item)


@pytest.mark.parametrize(
    ("value", "document"),
    [
        (0, 0),
        (2**53, 2**53),
        (2**53 + 1, {"@dynamodb": {"N": "9007199254740993"}}),
        (Decimal("0.1"), 0.1),
        (Decimal("19.99"), 19.99),
        (Decimal("0.00001"), {"@dynamodb": {"N": "0.00001"}}),
        (Decimal("0.1234567890123456789"), {"@dynamodb": {"N": "0.1234567890123456789"}}),
        (Decimal("1E-130"), {"@dynamodb": {"N": "1E-130"}}),
        (b"\x00\xff", {"@dynamodb": {"B": "AP8="}}),
        pytest.param({"b", "a"}, {"@dynamodb": {"SS": ["a", "b"]}}, id="string set"),
        ({10, 9}, {"@dynamodb": {"NS": ["10", "9"]}}),
        pytest.param({b"b", b"a"}, {"@dynamodb": {"BS": ["YQ==", "Yg=="]}}, id="binary set"),
        ({"@dynamodb": 1}, {"@dynamodb": {"M": {"@dynamodb": {"N": "1"}}}}),
        ({"@dynamodb": 1, "x": "é"}, {"@dynamodb": 1, "x": "é"}),
        ([None, True, {}], [None, True, {}]),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_form_of_a_value(value, document):
    assert encode(value) == document
    assert decode(document) == value


@pytest.mark.parametrize(
    "attribute",
    [
        {},
        {"S": "a", "N": "1"},
        {"S": 1},
        {"N": 1},
        {"N": "one"},
        {"N": "NaN"},
        {"N": "1e999"},
        {"B": "not Base64!"},
        {"B": 1},
        {"BOOL": "true"},
        {"NULL": False},
        {"SS": []},
        {"SS": ["a", 1]},
        {"NS": ["x"]},
        {"NS": "12"},
        {"BS": [1]},
        {"L": {}},
        {"L": ["a"]},
        {"M": []},
        {"M": {"a": 1}},
        {"X": "a"},
        "S",
        None,
    ],
    ids=str,
)
def test_typed_json_that_is_not_valid_is_refused(attribute):
    with pytest.raises(ExportValueError):
        decode_item({"a": attribute})
    with pytest.raises(ExportValueError):
        decode_fields({"a": {"@dynamodb": attribute}})


@pytest.mark.parametrize("value", [10**400, float("inf"), "\ud800", 1e300])
def test_value_that_dynamodb_can_not_store_is_refused(value):
    with pytest.raises(ExportValueError):
        decode_fields({"a": value})
