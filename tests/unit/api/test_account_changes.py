"""Role, status and vendor status: changes by administrators."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.api.account_changes import plan_role, plan_vendor_status
from userprofiles.api.errors import ApiError
from userprofiles.api.routes import CHANGE_USER, READ_USER, SET_ROLE, SET_STATUS, SET_VENDOR_STATUS, Route
from userprofiles.table import audit, record
from userprofiles.table.update_expression import REMOVED
from userprofiles.template import Template

ADMIN = "00000000-0000-4000-8000-00000000000a"
USER = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def user(create_user: Callable[..., None]) -> str:
    create_user(USER)
    return USER


@pytest.fixture
def user_rows(tables: Any) -> Callable[[], list[dict[str, Any]]]:
    return lambda: [row for row in tables.audit_rows() if row["PK"] == f"USER#{USER}"]


@pytest.mark.usefixtures("user")
def test_role_is_changed_with_list_keys_defaults_and_audit_row(
    call_as_admin: Callable[..., Any],
    read_account: Callable[[str], dict[str, Any]],
    user_rows: Callable[[], list[dict[str, Any]]],
) -> None:
    before = read_account(USER)

    response = call_as_admin(SET_ROLE, USER, {"role": "vendor"})

    account = read_account(USER)
    assert response.status == 200
    assert response.body["account"]["role"] == "vendor"
    assert account["role"] == "vendor"
    assert account["listPK"] == f"LIST#vendor#{record.list_shard(USER)}"
    assert account["statusListPK"] == f"LIST#vendor#active#{record.list_shard(USER)}"
    assert account["listSK"] == before["listSK"]
    assert (account["storeName"], account["rating"]) == ("", 0)
    [row] = [row for row in user_rows() if row["action"] == "ROLE_CHANGED"]
    assert row["source"] == f"admin:{ADMIN}"
    assert "account.role" in row["fields"]
    assert "account.listPK" not in row["fields"]
    assert audit.verify(user_rows(), account["auditHead"]) == 2


@pytest.mark.usefixtures("user")
def test_administrator_joins_and_leaves_the_group(call_as_admin: Callable[..., Any], cognito: Any) -> None:
    call_as_admin(SET_ROLE, USER, {"role": "admin"})
    members_with_role = set(cognito.groups["admin"])

    response = call_as_admin(SET_ROLE, USER, {"role": "customer"})

    assert members_with_role == {USER}
    assert (response.status, cognito.groups["admin"]) == (200, set())


@pytest.mark.usefixtures("user")
def test_role_admin_is_not_stored_if_the_group_can_not_be_joined(
    call_as_admin: Callable[..., Any], cognito: Any, read_account: Callable[[str], dict[str, Any]]
) -> None:
    del cognito.groups["admin"]

    response = call_as_admin(SET_ROLE, USER, {"role": "admin"})

    assert (response.status, response.body["code"]) == (409, "no_admin_group")
    assert read_account(USER)["role"] == "customer"


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("route", "body"), [(SET_ROLE, {"role": "customer"}), (SET_STATUS, {"status": "active"})]
)
def test_same_value_changes_nothing(
    call_as_admin: Callable[..., Any], tables: Any, route: Route, body: Any
) -> None:
    before = tables.items(), tables.audit_rows()

    assert call_as_admin(route, USER, body).status == 200
    assert (tables.items(), tables.audit_rows()) == before


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(("route", "body"), [(SET_ROLE, {"role": "vendor"}), (SET_STATUS, {"status": "x"})])
def test_administrator_can_not_change_the_own_account(
    call_as_admin: Callable[..., Any], tables: Any, route: Route, body: Any
) -> None:
    before = tables.items()

    response = call_as_admin(route, ADMIN, body)

    assert (response.status, response.body["code"]) == (409, "own_account")
    assert tables.items() == before


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("route", "body", "pointers"),
    [
        (SET_ROLE, {"role": "king"}, ["/role"]),
        (SET_ROLE, {"role": 7, "x": 1}, ["/x", "/role"]),
        (SET_ROLE, {}, ["/role"]),
        (SET_ROLE, [], None),
        (SET_ROLE, "no json", None),
        (SET_STATUS, {"status": "king"}, ["/status"]),
        (SET_STATUS, {"status": None}, ["/status"]),
        (SET_VENDOR_STATUS, {"vendorStatus": "king"}, ["/vendorStatus"]),
    ],
    ids=str,
)
def test_wrong_body_is_400_and_changes_nothing(
    *, call_as_admin: Callable[..., Any], tables: Any, route: Route, body: Any, pointers: list[str] | None
) -> None:
    before = tables.items()

    response = call_as_admin(route, USER, body)

    assert response.status == 400
    assert [entry["pointer"] for entry in response.body.get("errors", [])] == (pointers or [])
    assert tables.items() == before


@pytest.mark.parametrize(
    ("route", "body"),
    [
        (READ_USER, None),
        (CHANGE_USER, {"profile": {"language": "fr"}}),
        (SET_ROLE, {"role": "vendor"}),
        (SET_STATUS, {"status": "suspended"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("user_id", [USER, "a b", "x" * 200, "..", "a%23b"])
def test_unknown_user_is_404_and_nothing_is_created(
    *, call_as_admin: Callable[..., Any], tables: Any, route: Route, body: Any, user_id: str
) -> None:
    before = tables.items()

    response = call_as_admin(route, user_id, body)

    assert (response.status, response.body["code"]) == (404, "user_not_found")
    assert tables.items() == before


@pytest.mark.usefixtures("user")
def test_administrator_changes_the_profile_of_an_inactive_user(
    call_as_admin: Callable[..., Any], user_rows: Callable[[], list[dict[str, Any]]]
) -> None:
    call_as_admin(SET_STATUS, USER, {"status": "suspended"})

    response = call_as_admin(CHANGE_USER, USER, {"profile": {"language": "fr"}})

    assert (response.status, response.body["profile"]["language"]) == (200, "fr")
    assert [row["source"] for row in user_rows() if row["action"] == "PROFILE_UPDATED"] == [f"admin:{ADMIN}"]


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("route", "body"),
    [
        (CHANGE_USER, {"profile": {"language": "fr"}}),
        (SET_ROLE, {"role": "vendor"}),
        (SET_STATUS, {"status": "suspended"}),
    ],
    ids=str,
)
def test_stale_if_match_is_412_and_a_current_one_is_accepted(
    call_as_admin: Callable[..., Any], tables: Any, route: Route, body: Any
) -> None:
    etag = call_as_admin(READ_USER, USER).headers["etag"]
    before = tables.items()

    assert call_as_admin(route, USER, body, headers={"if-match": '"other"'}).status == 412
    assert tables.items() == before
    assert call_as_admin(route, USER, body, headers={"if-match": etag}).status == 200
    assert call_as_admin(READ_USER, USER, headers={"if-none-match": etag}).status == 200


@pytest.fixture(scope="module")
def shop(marketplace: Template) -> Template:
    """Return a template whose vendors must be approved."""
    return marketplace.requiring_approval(["vendor"])


STATUSES = ("pending", "approved", "suspended")
STEPS = {("pending", "approved"), ("approved", "suspended")}


@pytest.mark.parametrize("current", STATUSES)
@pytest.mark.parametrize("status", STATUSES)
def test_vendor_status_takes_one_step_at_a_time(shop: Template, current: str, status: str) -> None:
    plan = plan_vendor_status(shop, status)
    account = {"role": "vendor", "vendorStatus": current}

    if current == status:
        assert plan(account) == {}
    elif (current, status) in STEPS:
        assert plan(account) == {"vendorStatus": status}
    else:
        with pytest.raises(ApiError) as refusal:
            plan(account)
        assert (refusal.value.status, refusal.value.code) == (409, "illegal_step")


def test_vendor_status_of_a_customer_is_409(shop: Template) -> None:
    with pytest.raises(ApiError) as refusal:
        plan_vendor_status(shop, "approved")({"role": "customer"})

    assert (refusal.value.status, refusal.value.code) == (409, "no_vendor_status")


@pytest.mark.usefixtures("user")
def test_vendor_is_approved_and_suspended(
    *,
    call_as_admin: Callable[..., Any],
    admin_api: Any,
    monkeypatch: pytest.MonkeyPatch,
    shop: Template,
    user_rows: Callable[[], list[dict[str, Any]]],
) -> None:
    administration = admin_api.ADMINISTRATION
    registrar = dataclasses.replace(administration.registrar, template=shop)
    monkeypatch.setattr(admin_api, "ADMINISTRATION", dataclasses.replace(administration, registrar=registrar))
    created = call_as_admin(SET_ROLE, USER, {"role": "vendor"}).body["account"]["vendorStatus"]

    responses = [
        call_as_admin(SET_VENDOR_STATUS, USER, {"vendorStatus": status})
        for status in ("suspended", "approved", "suspended", "approved")
    ]

    assert created == "pending"
    assert [response.status for response in responses] == [409, 200, 200, 409]
    assert [row["action"] for row in user_rows()].count("VENDOR_STATUS_CHANGED") == 2


def test_template_without_a_role_field_stores_only_the_role_admin(basic: Template) -> None:
    assert plan_role(basic, "admin")({}) == {"role": "admin"}
    assert plan_role(basic, "user")({"role": "admin"}) == {"role": REMOVED}


@pytest.mark.usefixtures("user")
def test_account_without_list_keys_gets_them(
    call_as_admin: Callable[..., Any], tables: Any, read_account: Callable[[str], dict[str, Any]]
) -> None:
    """An earlier version didn't store the key of the list by status."""
    names = ("listPK", "listSK", "statusListPK")
    account = read_account(USER)
    tables.put({name: value for name, value in account.items() if name not in names})

    call_as_admin(SET_STATUS, USER, {"status": "suspended"})

    assert {name: read_account(USER)[name] for name in names} == {
        "listPK": account["listPK"],
        "listSK": account["listSK"],
        "statusListPK": f"LIST#customer#suspended#{record.list_shard(USER)}",
    }


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("route", "body"),
    [(SET_STATUS, {"status": "active"}), (SET_ROLE, {"role": "customer"})],
    ids=["status", "role"],
)
def test_same_value_adds_missing_list_keys_once(
    call_as_admin: Callable[..., Any],
    tables: Any,
    read_account: Callable[[str], dict[str, Any]],
    route: Any,
    body: dict[str, str],
) -> None:
    """An operator adds the users of an earlier version to the list by status this way."""
    account = read_account(USER)
    tables.put({name: value for name, value in account.items() if name != "statusListPK"})

    responses = [call_as_admin(route, USER, body) for _ in range(2)]

    assert [response.status for response in responses] == [200, 200]
    assert read_account(USER)["statusListPK"] == account["statusListPK"]
    assert read_account(USER)["version"] == account["version"] + 1


@pytest.mark.usefixtures("user")
def test_account_of_a_newer_major_version_is_not_written(
    call_as_admin: Callable[..., Any], set_fields: Callable[..., None], tables: Any
) -> None:
    set_fields(USER, templateVersion="9.0")
    before = tables.items()

    response = call_as_admin(SET_ROLE, USER, {"role": "vendor"})

    assert (response.status, response.body["code"]) == (409, "newer_template")
    assert tables.items() == before
