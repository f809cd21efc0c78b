"""GET /me/export: what is in the bundle, large bundles in S3, users who are marked, erased or new."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from userprofiles.api import export_schema, openapi
from userprofiles.api.export_schema import BOOKKEEPING
from userprofiles.api.routes import CHANGE_PROFILE, EXPORT_USER
from userprofiles.lifecycle.export import user_export
from userprofiles.table.attribute_value import serialize
from userprofiles.template import Template
from userprofiles.template_check import RESERVED

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OTHER = "11111111-1111-4111-8111-111111111111"
MB = 1024 * 1024


@pytest.fixture(autouse=True)
def user(confirmed_user: None) -> None:
    """Every test has the user of the events in the pool."""


@pytest.fixture
def export(call_route: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that sends the request."""
    return lambda **options: call_route(EXPORT_USER, **options)


@pytest.fixture
def put_item(tables: Any) -> Callable[..., None]:
    """Return a function that writes an item of the user."""
    return lambda sort_key, sub=SUB, **values: tables.put({"PK": f"USER#{sub}", "SK": sort_key, **values})


def test_first_access_creates_the_items_and_exports_them(export: Callable[..., Any], tables: Any) -> None:
    response = export()

    assert (response.status, response.headers["cache-control"]) == (200, "no-store")
    assert [item["SK"] for item in tables.items()] == ["ACCOUNT#MAIN", "PROFILE#MAIN"]
    manifest, parts = response.body["manifest"], response.body["parts"]
    assert (manifest["userId"], manifest["template"]) == (SUB, "marketplace")
    assert (manifest["format"], manifest["templateVersion"], manifest["createdBy"]) == (
        *(1, "1.0"),
        "first_access",
    )
    assert parts["account"]["email"] == "john@example.com"
    assert parts["cognito"]["attributes"]["email"] == "John@Example.com"
    assert (parts["items"], parts["files"], response.body["links"]) == ([], [], {})


def test_bundle_has_every_attribute_except_bookkeeping(
    export: Callable[..., Any], tables: Any, call_route: Callable[..., Any]
) -> None:
    call_route(CHANGE_PROFILE, body={"profile": {"language": "fr"}, "account": {}})
    parts = export().body["parts"]

    for item, name in zip(tables.items(), ("account", "profile"), strict=True):
        assert set(parts[name]) == set(item) - BOOKKEEPING
    assert parts["profile"]["setFields"] == ["firstName"]
    assert set() == BOOKKEEPING - RESERVED


def test_hash_and_size_of_each_part_are_those_of_its_canonical_json(
    export: Callable[..., Any], put_item: Callable[..., None]
) -> None:
    put_item("CONTENT#1", text="Zoë \u2028 \U0001f600", tags={"b", "a"})
    body = export().body

    assert [part["name"] for part in body["manifest"]["parts"]] == [
        *("account", "profile", "items", "cognito", "files")
    ]
    for part in body["manifest"]["parts"]:
        content = body["parts"][part["name"]]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert part["sha256"] == hashlib.sha256(text).hexdigest()
        assert (part["bytes"], part["items"]) == (len(text), len(content))


def test_items_are_typed_json_and_belong_to_the_user_only(
    export: Callable[..., Any], put_item: Callable[..., None]
) -> None:
    put_item("FRIEND#" + OTHER, since="2026")
    put_item("CONTENT#1", data=b"\x00\xff", names={"b", "a"}, count=10**30)
    put_item("CONTENT#2", sub=OTHER, text="canary")
    put_item("FRIEND#" + SUB, sub=OTHER, text="canary")

    response = export()

    assert response.body["parts"]["items"] == [
        {
            "SK": {"S": "CONTENT#1"},
            "data": {"B": "AP8="},
            "names": {"SS": ["a", "b"]},
            "count": {"N": f"1{'0' * 30}"},
        },
        {"SK": {"S": f"FRIEND#{OTHER}"}, "since": {"S": "2026"}},
    ]
    assert "canary" not in response.text


def test_items_on_several_pages_are_complete(
    export: Callable[..., Any], put_item: Callable[..., None], bucket: Any, context: Any
) -> None:
    """A page of a query has 1 MB, and an item 400 KB at most."""
    for number in range(7):
        put_item(f"CONTENT#{number}", text="x" * 390_000)

    response = export()

    assert response.status == 202
    [stored] = bucket.contents.values()
    assert [item["SK"]["S"] for item in json.loads(stored)["parts"]["items"]] == [
        f"CONTENT#{number}" for number in range(7)
    ]


def test_files_are_those_of_the_user(export: Callable[..., Any], bucket: Any) -> None:
    own = [*(f"avatars/{SUB}/{number}" for number in range(5)), f"claimed/avatars/{SUB}/0"]
    for key in (*own, f"avatars/{SUB}0/1", f"avatars/{OTHER}/1", f"claimed/avatars/{OTHER}/1", "exports/x"):
        bucket.put_object(Bucket="pictures", Key=key, Body=b"png")

    body = export().body

    assert body["parts"]["files"] == [{"key": key, "bytes": 3} for key in own]
    assert list(body["links"]) == own
    assert all(f"/{key}?" in url and "X-Amz-Signature=" in url for key, url in body["links"].items())


def test_bundle_matches_both_schemas(
    export: Callable[..., Any], put_item: Callable[..., None], bucket: Any, marketplace: Template
) -> None:
    put_item("CONTENT#1", deep=[{"a": {1, 2}}, None, True, b"x"])
    bucket.put_object(Bucket="pictures", Key=f"avatars/{SUB}/1", Body=b"png")
    document = openapi.build_document(marketplace)
    schema = document["components"]["schemas"]["Export"]

    body = export().body

    fastjsonschema.compile(export_schema.create_schema())(body)
    fastjsonschema.compile({**schema, "components": document["components"]})(body)


def bundle_bytes(response: Any, bucket: Any) -> int:
    return len(response.text.encode()) if response.status == 200 else response.body["bytes"]


@pytest.mark.parametrize(("difference", "status"), [(0, 200), (1, 202)], ids=["1 MB", "1 MB + 1 byte"])
def test_bundle_above_1_mb_goes_to_s3(
    *,
    export: Callable[..., Any],
    put_item: Callable[..., None],
    bucket: Any,
    difference: int,
    status: int,
) -> None:
    for number in range(3):
        put_item(f"CONTENT#{number}", text="ü" * 150_000 + "x" * 40_000)
    put_item("CONTENT#3", text="x")
    # The time of the manifest has a fixed length; the size of a part can get another digit.
    missing = MB - bundle_bytes(export(), bucket)
    put_item("CONTENT#3", text="x" * (missing + 1 + difference))
    bucket.keys.clear()
    bucket.contents.clear()

    response = export()

    assert (response.status, bundle_bytes(response, bucket)) == (status, MB + difference)
    assert len(bucket.keys) == difference


def test_link_names_the_bundle_in_s3(
    export: Callable[..., Any], put_item: Callable[..., None], bucket: Any, marketplace: Template
) -> None:
    for number in range(4):
        put_item(f"CONTENT#{number}", text="x" * 300_000)

    response = export()

    [(key, stored)] = bucket.contents.items()
    assert key.startswith(f"exports/{SUB}/")
    assert response.status == 202
    assert response.body.pop("url").partition("?")[0].endswith(f"/{key}")
    assert response.body == {
        "expiresIn": 3600,
        "bytes": len(stored),
        "sha256": hashlib.sha256(stored).hexdigest(),
    }
    assert list(json.loads(stored)) == ["manifest", "parts", "links"]


def test_user_who_is_erased_during_a_large_export_leaves_no_bundle(
    *,
    export: Callable[..., Any],
    put_item: Callable[..., None],
    bucket: Any,
    tables: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    export()
    for number in range(4):
        put_item(f"CONTENT#{number}", text="x" * 300_000)
    put_object = bucket.put_object

    def erase_and_put(**arguments: Any) -> Any:
        tables.erase()
        return put_object(**arguments)

    monkeypatch.setattr(bucket, "put_object", erase_and_put)

    assert (export().status, bucket.keys) == (410, set())


def test_erased_user_gets_410(export: Callable[..., Any], tables: Any, bucket: Any) -> None:
    export()
    tables.erase()

    response = export()

    assert (response.status, response.body["code"], bucket.keys) == (410, "erased", set())


def test_user_who_is_marked_for_deletion_is_exported(
    export: Callable[..., Any], mark_user: Callable[..., Any]
) -> None:
    before = export().body["parts"]
    mark_user(SUB)

    response = export()

    assert (response.status, response.body["parts"]) == (200, before)


def test_user_whose_grace_period_is_over_gets_410(
    export: Callable[..., Any], mark_user: Callable[..., Any]
) -> None:
    export()
    mark_user(SUB, days=0)

    response = export()

    assert (response.status, response.body["code"]) == (410, "erasure_due")


def test_user_whom_cognito_deleted_has_an_empty_part(export: Callable[..., Any], cognito: Any) -> None:
    export()
    cognito.users.clear()

    response = export()

    assert (response.status, response.body["parts"]["cognito"]) == (200, {})


def test_another_user_with_the_same_name_is_not_exported(export: Callable[..., Any], cognito: Any) -> None:
    export()
    cognito.add(SUB, {"sub": OTHER, "email": "canary@example.com"})

    assert "canary" not in export().text


def test_part_cognito_has_the_user_without_secrets(export: Callable[..., Any], cognito: Any) -> None:
    moment = datetime(2026, 2, 4, 16, tzinfo=UTC)
    cognito.users[SUB] |= {
        "UserCreateDate": moment,
        "UserLastModifiedDate": moment,
        "UserMFASettingList": ["SOFTWARE_TOKEN_MFA"],
        "ResponseMetadata": {"RequestId": "1"},
    }

    part = export().body["parts"]["cognito"]

    assert part.pop("attributes")["sub"] == SUB
    assert part == {
        "userName": SUB,
        "status": "CONFIRMED",
        "enabled": True,
        "createdAt": "2026-02-04T16:00:00Z",
        "updatedAt": "2026-02-04T16:00:00Z",
        "secondFactors": ["SOFTWARE_TOKEN_MFA"],
    }


def test_too_much_data_for_the_time_of_the_function_is_413(export: Callable[..., Any], context: Any) -> None:
    context.remaining_ms = 3_999

    response = export()

    assert (response.status, response.body["code"]) == (413, "export_too_large")


def test_values_of_an_account_that_json_does_not_have_are_typed(
    export: Callable[..., Any], set_fields: Callable[..., None]
) -> None:
    export()
    set_fields(SUB, tags={"b", "a"}, large=2**53 + 1, whole=2**53)

    account = export().body["parts"]["account"]

    assert account["tags"] == {"@dynamodb": {"SS": ["a", "b"]}}
    assert account["large"] == {"@dynamodb": serialize(2**53 + 1)}
    assert account["whole"] == 2**53


def test_schema_in_docs_is_current() -> None:
    """`userprofiles export schema > docs/export.schema.json` writes it."""
    file = Path(__file__).resolve().parents[3] / "docs" / "export.schema.json"

    assert json.loads(file.read_text(encoding="utf-8")) == export_schema.create_schema()


def test_modules_agree_on_names_and_sizes() -> None:
    assert user_export.INLINE_BYTES == MB
    assert set(export_schema.PARTS) == set(export_schema.create_schema()["properties"]["parts"]["properties"])
