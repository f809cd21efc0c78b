from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st
from userprofiles.table.attribute_value import (
    AttributeValueError,
    deserialize,
    deserialize_item,
    item_size,
    serialize,
    serialize_item,
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**38) + 1, 10**38 - 1)
    | st.decimals(-(10**15), 10**15, places=6, allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.binary(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
@pytest.mark.long
def test_serialize_returns_the_same_as_boto3(value: Any) -> None:
    assert serialize(value) == TypeSerializer().serialize(value)


@given(VALUES)
def test_deserialize_returns_the_same_as_boto3(value: Any) -> None:
    assert deserialize(serialize(value)) == TypeDeserializer().deserialize(TypeSerializer().serialize(value))


@pytest.mark.parametrize("value", [{"a", "b"}, {1, 2}, {b"x"}])
def test_set_survives_a_round_trip(value: set[Any]) -> None:
    assert value == deserialize(serialize(value))


@given(
    st.floats(-1e100, 1e100, allow_subnormal=False).filter(lambda number: number == 0 or abs(number) > 1e-100)
)
def test_float_survives_a_round_trip(value: float) -> None:
    assert value == float(deserialize(serialize(value)))


def test_whole_number_is_read_as_int_and_others_as_decimal() -> None:
    item = deserialize_item({"orders": {"N": "3"}, "spent": {"N": "2.50"}})

    assert item == {"orders": 3, "spent": Decimal("2.5")}
    assert int is type(item["orders"])


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        10**40 + 1,
        Decimal("1e200"),
        1e126,
        -1e126,
        1e-131,
        -1e-131,
        Decimal("9." + "9" * 38 + "e125"),
        set(),
        {1, "a"},
        {1: "a"},
        object(),
        "\ud800",
        {"\udfff": 1},
    ],
)
def test_value_that_dynamodb_can_not_store_is_rejected_without_repeating_it(value: Any) -> None:
    with pytest.raises(AttributeValueError) as refusal:
        serialize(value)

    assert "\ud800" not in str(refusal.value)


LARGEST = Decimal("9." + "9" * 37 + "e125")


@pytest.mark.parametrize(
    "value", [LARGEST, LARGEST.copy_negate(), Decimal("1e-130"), Decimal("-1e-130"), 1e125, 10**40, 0]
)
def test_number_at_the_end_of_the_range_is_accepted(value: Any) -> None:
    assert Decimal(serialize(value)["N"]) == Decimal(repr(value) if isinstance(value, float) else value)


def test_error_of_a_number_names_the_range() -> None:
    with pytest.raises(AttributeValueError, match=r"from 1E-130 to 9\.9{37}E\+125, positive or negative"):
        serialize(1e126)


def test_nesting_deeper_than_the_limit_of_dynamodb_is_rejected() -> None:
    value: Any = "leaf"
    for _ in range(33):
        value = [value]

    with pytest.raises(AttributeValueError, match="32 levels"):
        serialize(value)


@pytest.mark.parametrize("attribute", [{}, {"S": "a", "N": "1"}, {"X": "a"}])
def test_attribute_with_an_unknown_type_is_rejected(attribute: dict[str, Any]) -> None:
    with pytest.raises(AttributeValueError):
        deserialize(attribute)


def test_item_size_counts_names_and_utf8_bytes() -> None:
    """'name' (4) + 'Zoë' in UTF-8 (4), 'list' (4) + 3 + (1 + 1) for its one boolean."""
    item = serialize_item({"name": "Zoë", "list": [True]})

    assert item_size(item) == 17
