"""Decodes and encodes properties in Pulumi's wire format, with their secrets, assets and archives."""

from collections.abc import Iterable
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped] # the stubs are a separate package
from pulumi.runtime.proto import resource_pb2

from pulumi_localaws.resources.unknown_values import UNKNOWN

# The signatures of Pulumi's wire format (sdk/proto and pulumi.runtime.rpc).
_SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 a signature, not a secret
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


def decode_properties(properties: struct_pb2.Struct) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the plain values, and the names of the properties that contain a secret at any depth."""
    values: dict[str, Any] = {}
    secrets = set()
    for name, value in properties.fields.items():
        values[name], is_secret = _decode(value)
        if is_secret:
            secrets.add(name)
    return values, frozenset(secrets)


def encode_properties(
    values: dict[str, Any], secrets: Iterable[str] = (), base: struct_pb2.Struct | None = None
) -> struct_pb2.Struct:
    """Return the values as a message in which the secret properties are marked.

    Args:
        values: Plain values.
        secrets: The names of the secret properties.
        base: Properties that are added if ``values`` does not have them.
    """
    properties = struct_pb2.Struct()
    if base is not None:
        properties.CopyFrom(base)
    secret_names = set(secrets)
    properties.update(
        {
            name: {_SIGNATURE_KEY: _SECRET, "value": value} if name in secret_names else value
            for name, value in values.items()
        }
    )
    for name in secret_names & set(properties.fields):
        if not _is_secret(properties.fields[name]):
            plain = struct_pb2.Value()
            plain.CopyFrom(properties.fields[name])
            properties.fields[name].struct_value.fields[_SIGNATURE_KEY].string_value = _SECRET
            properties.fields[name].struct_value.fields["value"].CopyFrom(plain)
    return properties


def build_unknown_response(urn: str) -> resource_pb2.RegisterResourceResponse:
    """Return a response with which the program goes on, and all outputs of the resource are unknown."""
    return resource_pb2.RegisterResourceResponse(urn=urn, result=resource_pb2.FAIL, unknown=True)


def _is_secret(value: struct_pb2.Value) -> bool:
    # Reading a missing key of a message's map adds the key to the map: test with `in` first.
    fields = value.struct_value.fields if value.WhichOneof("kind") == "struct_value" else {}
    return _SIGNATURE_KEY in fields and fields[_SIGNATURE_KEY].string_value == _SECRET


def _decode(value: struct_pb2.Value) -> tuple[Any, bool]:
    """Return the plain value, and whether it contains a secret."""
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        items = [_decode(item) for item in value.list_value.values]
        return [item for item, _ in items], any(is_secret for _, is_secret in items)
    if kind == "struct_value":
        return _decode_struct(value.struct_value)
    if kind == "number_value":
        # The wire format has only floats.
        number = value.number_value
        return (int(number) if number.is_integer() else number), False
    return (None if kind in {None, "null_value"} else getattr(value, kind)), False


def _decode_struct(struct: struct_pb2.Struct) -> tuple[Any, bool]:
    signature = struct.fields[_SIGNATURE_KEY].string_value if _SIGNATURE_KEY in struct.fields else None
    if signature in {_SECRET, _OUTPUT}:
        inner, contains_secret = (
            _decode(struct.fields["value"]) if "value" in struct.fields else (UNKNOWN, False)
        )
        is_marked = "secret" in struct.fields and struct.fields["secret"].bool_value
        return inner, contains_secret or is_marked or signature == _SECRET
    if signature == _RESOURCE:
        # As for a Pulumi provider that does not accept resource references, the resource becomes its id.
        name = "id" if "id" in struct.fields else "urn"
        return struct.fields[name].string_value, False
    items = {name: _decode(item) for name, item in struct.fields.items() if name != _SIGNATURE_KEY}
    plain = {name: item for name, (item, _) in items.items()}
    if signature in {_ASSET, _ARCHIVE}:
        asset_type = "asset" if signature == _ASSET else "archive"
        return {"sig": asset_type, **{name: item for name, item in plain.items() if item is not None}}, False
    return plain, any(is_secret for _, is_secret in items.values())
