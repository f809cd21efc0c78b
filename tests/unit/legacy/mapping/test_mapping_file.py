"""A mapping file is checked as a whole, before anything runs."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from userprofiles.legacy.errors import MappingError
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.mapping.mapping_check import find_problems
from userprofiles.legacy.mapping.mapping_file import preset_names


def problems_of(load, document):
    with pytest.raises(MappingError) as error:
        load(document)
    return error.value.problems


def test_all_problems_are_reported_at_once(load_mapping):
    problems = problems_of(
        load_mapping,
        {
            "format": "other",
            "version": 2,
            "sourceName": "Bio graph",
            "user": {},
            "users": {"collection": "", "fields": {"old_id": 5, "phone_nr": "x", "friends": {"from": []}}},
            "content": [{"collection": "posts", "fields": {"old_id": "_id"}}, "posts"],
            "links": [{"collection": "posts", "kind": "loves", "fields": {"owner_id": "a", "other_id": "b"}}],
        },
    )

    assert problems == [
        problems[0],
        "format: got 'other'. Allowed: 'userprofiles-legacy-mapping'",
        "version: got 2. Allowed: 1",
        problems[3],
        "users.collection: must be the name of a collection, got ''",
        problems[5],
        'users.fields.old_id: must be a path, a list of paths, or an object with "from", got 5',
        problems[7],
        "users.fields: phone_number or email is required: users sign in with it",
        "content[0].fields.owner_id: is required, such as '_id'",
        "content[1]: must be an object with collection and fields, got 'posts'",
        "links[0].kind: got 'loves'. Allowed: friends, subscribers, blocks",
        "the collection 'posts' is mapped more than once. Map each collection once",
    ]
    assert problems[0].startswith("user: unknown key. Did you mean 'users'? Allowed: $comment, format, ")
    assert problems[3].startswith("sourceName: got 'Bio graph'. Allowed: 1 to 32 lower-case letters, digits")
    assert problems[5].startswith(
        "users.fields.phone_nr: unknown key. Did you mean 'phone_number'? Allowed: "
    )
    assert problems[7].startswith("users.fields.friends.from: got []. Allowed: a path such as 'email_notif")


@pytest.mark.parametrize(
    ("name", "entry", "problem"),
    [
        ("email", {"form": "mail"}, "users.fields.email.form: unknown key. Did you mean 'from'?"),
        ("email", {}, "users.fields.email.from: is required"),
        ("email", "a..b", "users.fields.email.from: got 'a..b'. Allowed: a path"),
        ("email", {"from": ["a", 5]}, "users.fields.email.from: got ['a', 5]. Allowed: a path"),
        ("email", {"from": "a", "default": 5}, "users.fields.email.default: must be a text, got 5"),
        ("old_id", {"default": "x"}, "users.fields.old_id.from: is required"),
        ("friends", {"default": []}, "users.fields.friends.default: not allowed for this target"),
        ("visibility", {"default": "F"}, "users.fields.visibility.default: got 'F'. Allowed: public"),
        ("visibility", {"from": "a", "values": {"F": 1}}, "users.fields.visibility.values.F: got 1. Allowed"),
        ("is_disabled", {"from": "a", "values": {}}, "users.fields.is_disabled.values: must be an object"),
        ("friends", {"from": "a", "values": {"a": 1}}, "users.fields.friends.values: not allowed"),
        ("updated_at", {"from": "a", "unit": "days"}, "users.fields.updated_at.unit: got 'days'. Allowed"),
        ("email", {"from": "a", "unit": "seconds"}, "users.fields.email.unit: got 'seconds'. Allowed"),
        ("email", {"from": "a", "item": "b"}, "users.fields.email.item: got 'b'. Allowed, for lists only"),
    ],
)  # fmt: skip
def test_problem_of_a_field_has_its_path(load_mapping, mapping_document, name, entry, problem):
    mapping_document["users"]["fields"][name] = entry

    assert problems_of(load_mapping, mapping_document)[0].startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "the file is not JSON: Expecting property name enclosed in double quotes in line 1, column 2"),
        ("[]", "the mapping must be a JSON object, got []"),
        ('{"users": {"a": 1, "a": 2}}', "the key 'a' is repeated in an object. Keep one"),
        ("[" * 50_000, "the file is nested too deeply"),
    ],
)
def test_file_that_is_no_mapping_is_refused(load_mapping, text, problem):
    assert problems_of(load_mapping, text) == [problem]


def test_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "mapping.json"
    path.write_bytes(b'{"sourceName": "\xff"}')

    assert problems_of(LegacyMapping.load, str(path)) == ["the file is not UTF-8"]


def test_unknown_name_lists_the_presets(tmp_path):
    assert preset_names() == ["biograph"]
    assert problems_of(LegacyMapping.load, "biografy") == [
        "unknown name. Allowed: biograph, or the path of a .json file"
    ]
    assert problems_of(LegacyMapping.load, str(tmp_path / "no.json")) == [
        "the file can't be read: No such file or directory"
    ]


def test_digest_identifies_a_mapping(load_mapping, mapping_document):
    digest = load_mapping(mapping_document).digest
    reordered = load_mapping(dict(reversed(mapping_document.items()))).digest
    mapping_document["users"]["fields"]["email"] = "mail"

    assert reordered == digest
    assert load_mapping(mapping_document).digest != digest


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["users", "content", "links", "collection", "fields", "old_id", "from", "kind"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(JSON)
def test_check_never_raises(document):
    assert list(find_problems(json.loads(json.dumps(document))))
