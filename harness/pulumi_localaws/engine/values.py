"""Values between a Pulumi program and the engine: what is secret, what is an asset, what is plain."""

from collections.abc import Iterable
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped] # stubs are a package of their own

# The signatures are part of Pulumi's wire format (sdk/proto and pulumi.runtime.rpc).
_SIG = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 a signature, not a secret
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


def decode(properties: struct_pb2.Struct) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the properties as plain values, and the names of those that hold a secret at any depth."""
    values: dict[str, Any] = {}
    secrets = set()
    for name, value in properties.fields.items():
        values[name], secret = _decode(value)
        if secret:
            secrets.add(name)
    return values, frozenset(secrets)


def encode(
    values: dict[str, Any], secrets: Iterable[str] = (), base: struct_pb2.Struct | None = None
) -> struct_pb2.Struct:
    """Return a message of the values; those named in secrets are marked.

    Args:
        values: Plain values.
        secrets: Names of secret values.
        base: Properties that are there unless a value replaces them.
    """
    made = struct_pb2.Struct()
    if base is not None:
        made.CopyFrom(base)
    hidden = set(secrets)
    made.update(
        {name: {_SIG: _SECRET, "value": value} if name in hidden else value for name, value in values.items()}
    )
    for name in hidden & set(made.fields):
        if not _is_secret(made.fields[name]):
            plain = struct_pb2.Value()
            plain.CopyFrom(made.fields[name])
            made.fields[name].struct_value.fields[_SIG].string_value = _SECRET
            made.fields[name].struct_value.fields["value"].CopyFrom(plain)
    return made


def _is_secret(value: struct_pb2.Value) -> bool:
    # Looking a name up in a message's map would enter it: ask first.
    fields = value.struct_value.fields if value.WhichOneof("kind") == "struct_value" else {}
    return _SIG in fields and fields[_SIG].string_value == _SECRET


def _decode(value: struct_pb2.Value) -> tuple[Any, bool]:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        items = [_decode(item) for item in value.list_value.values]
        return [item for item, _ in items], any(secret for _, secret in items)
    if kind == "struct_value":
        return _decode_struct(value.struct_value)
    if kind == "number_value":
        # The wire knows no whole numbers.
        number = value.number_value
        return (int(number) if number.is_integer() else number), False
    return (None if kind in {None, "null_value"} else getattr(value, kind)), False


def _decode_struct(struct: struct_pb2.Struct) -> tuple[Any, bool]:
    signature = struct.fields[_SIG].string_value if _SIG in struct.fields else None
    if signature in {_SECRET, _OUTPUT}:
        inner, secret = _decode(struct.fields["value"]) if "value" in struct.fields else (None, False)
        marked = "secret" in struct.fields and struct.fields["secret"].bool_value
        return inner, secret or marked or signature == _SECRET
    if signature == _RESOURCE:
        # A provider that doesn't ask for resources is given their ids.
        name = "id" if "id" in struct.fields else "urn"
        return struct.fields[name].string_value, False
    items = {name: _decode(item) for name, item in struct.fields.items() if name != _SIG}
    plain = {name: item for name, (item, _) in items.items()}
    if signature in {_ASSET, _ARCHIVE}:
        kind = "asset" if signature == _ASSET else "archive"
        return {"sig": kind, **{name: item for name, item in plain.items() if item is not None}}, False
    return plain, any(secret for _, secret in items.values())
