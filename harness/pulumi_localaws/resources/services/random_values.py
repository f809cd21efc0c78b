"""Pulumi's ``random`` provider: values that are generated once, without AWS.

Source: https://www.pulumi.com/registry/packages/random/. ``bcryptHash`` of a password is not computed, and a
``seed`` gives other values than the provider's.
"""

import base64
import random
import secrets
import string
import uuid

from pulumi_localaws.resources.input_schema import (
    BOOL,
    INT,
    STR,
    STR_LIST,
    InputSchema,
    MapOf,
)
from pulumi_localaws.resources.resource_type import (
    Check,
    Create,
    Properties,
    ResourceContext,
    ResourceResult,
    ResourceType,
    define_resource_type,
)

_SPECIAL_CHARACTERS = "!@#$%&*()-_=+[]{}<>:?"
_CHARACTER_KINDS = (
    ("lower", "minLower", string.ascii_lowercase),
    ("upper", "minUpper", string.ascii_uppercase),
    ("numeric", "minNumeric", string.digits),
    ("special", "minSpecial", _SPECIAL_CHARACTERS),
)
"""For each kind of character: the inputs that allow it and set its minimum, and its characters."""

_ADVERBS = (
    "boldly",
    "calmly",
    "clearly",
    "gently",
    "kindly",
    "mostly",
    "nicely",
    "openly",
    "quietly",
    "truly",
)
_ADJECTIVES = ("amber", "brave", "clever", "eager", "gentle", "happy", "lively", "proud", "quick", "witty")
_ANIMALS = ("badger", "cat", "dolphin", "falcon", "gecko", "heron", "lynx", "otter", "panda", "turtle")

_STRING_INPUTS: dict[str, InputSchema] = {
    "length": INT,
    "lower": BOOL,
    "minLower": INT,
    "minNumeric": INT,
    "minSpecial": INT,
    "minUpper": INT,
    "number": BOOL,
    "numeric": BOOL,
    "overrideSpecial": STR,
    "special": BOOL,
    "upper": BOOL,
}


def _create_id(_: ResourceContext, inputs: Properties) -> ResourceResult:
    value = secrets.token_bytes(inputs["byteLength"])
    prefix = inputs.get("prefix", "")
    url_text = base64.urlsafe_b64encode(value).decode().rstrip("=")
    outputs = {
        "b64Std": prefix + base64.b64encode(value).decode(),
        "b64Url": prefix + url_text,
        "dec": f"{prefix}{int.from_bytes(value)}",
        "hex": prefix + value.hex(),
    }
    return ResourceResult(url_text, outputs)


def _create_bytes(_: ResourceContext, inputs: Properties) -> ResourceResult:
    value = secrets.token_bytes(inputs["length"])
    return ResourceResult("none", {"base64": base64.b64encode(value).decode(), "hex": value.hex()})


def _create_string(_: ResourceContext, inputs: Properties) -> ResourceResult:
    result = _choose_characters(inputs)
    return ResourceResult(result, {"result": result})


def _create_password(_: ResourceContext, inputs: Properties) -> ResourceResult:
    return ResourceResult("none", {"result": _choose_characters(inputs)})


def _choose_characters(inputs: Properties) -> str:
    alphabet = ""
    required: list[str] = []
    for name, minimum_name, kind_characters in _CHARACTER_KINDS:
        characters = kind_characters
        if name == "special" and inputs.get("overrideSpecial"):
            characters = inputs["overrideSpecial"]
        if _allows_kind(inputs, name):
            alphabet += characters
        required += [secrets.choice(characters) for _ in range(inputs.get(minimum_name, 0))]
    result = required + [secrets.choice(alphabet) for _ in range(inputs["length"] - len(required))]
    secrets.SystemRandom().shuffle(result)
    return "".join(result)


def _allows_kind(inputs: Properties, name: str) -> bool:
    if name == "numeric" and "number" in inputs:
        return bool(inputs["number"])
    return bool(inputs.get(name, True))


def _check_string(inputs: Properties) -> None:
    length = inputs["length"]
    if length < 1:
        raise ValueError(f"length is {length}; allowed: at least 1")
    minimum = sum(inputs.get(minimum_name, 0) for _, minimum_name, _ in _CHARACTER_KINDS)
    if minimum > length:
        raise ValueError(
            f"length is {length}, but the minimums add up to {minimum}. Increase length or lower the minimums"
        )
    if not any(_allows_kind(inputs, name) for name, _, _ in _CHARACTER_KINDS):
        raise ValueError("lower, upper, numeric and special are all false. Set at least one of them to true")


def _create_pet(_: ResourceContext, inputs: Properties) -> ResourceResult:
    length = inputs.get("length", 2)
    words = [secrets.choice(_ADVERBS) for _ in range(length - 2)]
    words += [secrets.choice(_ADJECTIVES)] if length > 1 else []
    words.append(secrets.choice(_ANIMALS))
    prefix = [inputs["prefix"]] if inputs.get("prefix") else []
    separator = inputs.get("separator", "-")
    return ResourceResult(separator.join([*prefix, *words]), {"length": length, "separator": separator})


def _create_uuid(_: ResourceContext, __: Properties) -> ResourceResult:
    result = str(uuid.uuid4())
    return ResourceResult(result, {"result": result})


def _create_integer(_: ResourceContext, inputs: Properties) -> ResourceResult:
    result = _build_generator(inputs).randint(inputs["min"], inputs["max"])
    return ResourceResult(str(result), {"result": result})


def _check_integer(inputs: Properties) -> None:
    if inputs["min"] > inputs["max"]:
        raise ValueError(f"min is {inputs['min']}; allowed: at most max, which is {inputs['max']}")


def _create_shuffle(_: ResourceContext, inputs: Properties) -> ResourceResult:
    values = inputs["inputs"]
    count = inputs.get("resultCount", len(values))
    generator = _build_generator(inputs)
    results: list[str] = []
    while values and len(results) < count:
        results += generator.sample(values, len(values))
    return ResourceResult("-", {"results": results[:count]})


def _build_generator(inputs: Properties) -> random.Random:
    if inputs.get("seed"):
        return random.Random(inputs["seed"])  # noqa: S311 a seed must give the same value each time
    return secrets.SystemRandom()


def _define(
    name: str,
    inputs: dict[str, InputSchema],
    create: Create,
    outputs: tuple[str, ...],
    check: Check | None = None,
) -> ResourceType:
    token = f"random:index/random{name}:Random{name}"
    fields = {"keepers": MapOf(STR), **inputs}
    return define_resource_type(token, fields, create=create, outputs=outputs, regional=False, check=check)


RESOURCE_TYPES = (
    _define("Id", {"byteLength": INT, "prefix": STR}, _create_id, ("b64Std", "b64Url", "dec", "hex")),
    _define("Bytes", {"length": INT}, _create_bytes, ("base64", "hex")),
    _define("String", _STRING_INPUTS, _create_string, ("result",), _check_string),
    _define("Password", _STRING_INPUTS, _create_password, ("result",), _check_string),
    _define("Pet", {"length": INT, "prefix": STR, "separator": STR}, _create_pet, ()),
    _define("Uuid", {}, _create_uuid, ("result",)),
    _define("Integer", {"min": INT, "max": INT, "seed": STR}, _create_integer, ("result",), _check_integer),
    _define("Shuffle", {"inputs": STR_LIST, "resultCount": INT, "seed": STR}, _create_shuffle, ("results",)),
)
