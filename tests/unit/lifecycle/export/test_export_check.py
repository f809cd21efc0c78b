"""A bundle that was changed in any place is refused, and the problem names the place but no value."""

import copy
import json
from datetime import UTC, datetime

import pytest
from userprofiles.lifecycle.export import export_bundle, export_check
from userprofiles.lifecycle.export.export_bundle import UserData
from userprofiles.lifecycle.export.export_check import InvalidBundleError, UnreadableBundleError
from userprofiles.table.attribute_value import serialize_item

NOW = datetime(2026, 2, 4, 16, tzinfo=UTC)
SUB = "11111111-1111-4111-8111-111111111111"
CANARY = "canary"


@pytest.fixture
def bundle():
    account = {"PK": f"USER#{SUB}", "email": f"{CANARY}@example.com", "templateVersion": "1.2", "version": 7}
    items = [{"PK": f"USER#{SUB}", "SK": f"CONTENT#{number}", "text": CANARY} for number in range(2)]
    data = UserData(
        account=account,
        profile={"PK": f"USER#{SUB}", "bio": "Zoë \U0001f600", "list": [1, {"a": {"x"}}]},
        items=[serialize_item(item) for item in items],
        cognito={"userName": SUB, "attributes": {"sub": SUB, "name": CANARY}},
        files=[{"key": f"avatars/{SUB}/1", "bytes": 3}],
        links={f"avatars/{SUB}/1": "https://example.com/1"},
    )
    document = export_bundle.build(SUB, data, template="basic", moment=NOW)
    return json.loads(export_bundle.to_bytes(document))


def problems(document):
    with pytest.raises(InvalidBundleError) as refusal:
        export_check.check(document)
    assert not any(CANARY in problem for problem in refusal.value.problems)
    return refusal.value.problems


def renew_hashes(document):
    """Write the hashes again, as somebody who edits a bundle on purpose can."""
    document["manifest"]["parts"] = [
        export_bundle.describe_part(name, part) for name, part in document["parts"].items()
    ]
    return document


def test_valid_bundle_is_decoded(bundle):
    checked = export_check.check(bundle)

    assert (checked.sub, checked.template) == (SUB, "basic")
    assert checked.account == {"email": f"{CANARY}@example.com", "templateVersion": "1.2"}
    assert checked.profile["list"] == [1, {"a": {"x"}}]
    assert [item["SK"] for item in checked.items] == [{"S": "CONTENT#0"}, {"S": "CONTENT#1"}]
    assert all(item["PK"] == {"S": f"USER#{SUB}"} for item in checked.items)


def test_form_and_order_of_the_json_make_no_difference(bundle, tmp_path):
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(bundle, indent=4, sort_keys=True))

    assert export_check.check(export_check.read_file(file)) == export_check.check(bundle)


@pytest.mark.parametrize("name", ["account", "profile", "cognito"])
def test_changed_field_of_a_part_is_found(bundle, name):
    part = bundle["parts"][name]
    field = next(name for name, value in part.items() if isinstance(value, str))
    part[field] += "x"

    assert problems(bundle)[0].startswith(f"parts.{name} was changed: sha256 is ")


@pytest.mark.parametrize("name", ["items", "files"])
def test_removed_entry_of_a_part_is_found(bundle, name):
    del bundle["parts"][name][0]

    found = [problem.split(" is ")[0] for problem in problems(bundle)]
    assert found == [f"parts.{name} was changed: {value}" for value in ("sha256", "bytes", "items")]


def test_exchanged_items_are_found(bundle):
    bundle["parts"]["items"].reverse()

    assert len(problems(bundle)) == 1


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("manifest.format", 2, "manifest.format must be same as const definition"),
        ("manifest.userId", "a b", "manifest.userId must match pattern"),
        ("manifest.userId", "somebody-else", "manifest.userId must be the attribute sub of parts.cognito"),
        ("manifest.templateVersion", "2.0", "manifest.templateVersion must be the templateVersion of"),
        ("manifest.parts", [], "manifest.parts must contain at least 5 items"),
        ("manifest.more", 1, "manifest must not contain {'more'} properties"),
        ("parts", {}, "parts must contain ['account', 'cognito', 'files', 'items', 'profile'] properties"),
        ("parts.account.PK", "USER#x", "parts.account must be named by propertyName definition"),
        ("parts.account.deletion", {}, "parts.account must be named by propertyName definition"),
        ("parts.profile", None, "parts.profile must be object"),
        ("parts.items.0.PK", {"S": "USER#x"}, "parts.items[0].PK must not be there"),
        ("parts.items.0.SK", {"S": "CONTENT#1"}, "parts.items[1].SK must be unique"),
        ("parts.items.0.SK", {"S": "ACCOUNT#MAIN"}, "parts.items[0].SK must be unique, and not that of"),
        ("parts.items.0.SK", {"N": "1"}, "parts.items[0].SK must"),
        ("parts.items.0.n", {"N": "one"}, "parts.items[0]: a value in typed JSON has a number"),
        ("parts.items.0.n", {"N": 1}, "parts.items[0].n.N must be string"),
        ("parts.items.0.n", {"S": "a", "N": "1"}, "parts.items[0].n must contain less than or equal to 1"),
        ("parts.items.0.n", {"M": {"x": {"Z": "1"}}}, "parts.items[0].n.M.x must not contain {'Z'}"),
        ("parts.account.n", {"@dynamodb": {"B": "!"}}, "parts.account.n: a binary value must be Base64"),
        ("parts.account.n", "\ud800", "parts.account has a text with an unpaired surrogate"),
        ("links", [], "links must be object"),
    ],
)
def test_problem_names_the_place(bundle, path, value, problem):
    *parents, name = path.split(".")
    place = bundle
    for parent in parents:
        place = place[int(parent)] if isinstance(place, list) else place[parent]
    place[name] = value
    if path.startswith("parts.") and value not in (None, "\ud800"):
        renew_hashes(bundle)

    assert any(text.startswith(problem) for text in problems(bundle)), problems(bundle)


@pytest.mark.parametrize("document", [None, [], "x", 1, {}, {"manifest": {}}], ids=str)
def test_other_json_is_refused(document):
    assert problems(document)


def test_missing_entry_of_the_manifest_is_found(bundle):
    bundle["manifest"]["parts"][0] = copy.deepcopy(bundle["manifest"]["parts"][1])

    assert problems(bundle) == ("manifest.parts must have an entry for the part account",)


def test_deeply_nested_bundle_is_refused(bundle):
    value = "x"
    for _ in range(40):
        value = [value]
    bundle["parts"]["profile"]["list"] = value

    assert "nested deeper than 32 levels" in problems(renew_hashes(bundle))[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "the file is not JSON in UTF-8"),
        (b"\xff\xfe", "the file is not JSON in UTF-8"),
        (b'{"a": NaN}', "NaN is not valid JSON"),
        (b'{"a": 1, "a": 2}', "an object has the name 'a' twice"),
        (b"[" * 100_000, "levels"),
        (b"1" * 5_000, "the file is not JSON in UTF-8"),
    ],
    ids=["cut off", "not UTF-8", "NaN", "twice", "deep", "long number"],
)
def test_file_that_is_not_json_is_refused(tmp_path, content, message):
    file = tmp_path / "bundle.json"
    file.write_bytes(content)

    with pytest.raises(UnreadableBundleError, match=message):
        export_check.read_file(file)
