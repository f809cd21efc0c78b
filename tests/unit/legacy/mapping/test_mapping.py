"""Users, content and links as the mapping reads them."""

import dataclasses
import datetime as dt
import uuid

import bson
import pytest
from bson import DBRef, Decimal128, ObjectId, Timestamp, json_util
from bson.datetime_ms import DatetimeMS
from hypothesis import given, settings
from hypothesis import strategies as st
from userprofiles.legacy.documents.bson_decoding import decode_bson, decode_extended_json
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.mapping.records import LegacyLink, LegacyPremium

OLD_ID = "507f1f77bcf86cd799439011"


@pytest.mark.parametrize(
    ("plan", "has_premium"), [("free", False), ("unlisted", True), ("", True), (None, True), ("pro", True)]
)
def test_plan_that_is_translated_to_an_empty_text_is_left_out(
    mapping_document, load_mapping, plan, has_premium
):
    """Its dates are left out, too. Without a name, or with one that is not listed, nobody loses paid days."""
    mapping_document["users"]["fields"] |= {
        "premium_plan": {"from": "plan", "values": {"free": "", "pro": "pro"}},
        "premium_end": "until",
    }

    user = load_mapping(mapping_document).read_user(
        {"_id": "1", "plan": plan, "until": "2030-01-01T00:00:00Z"}
    )

    assert (user.premium is not None) == has_premium


def test_user_has_the_names_of_the_migration_script(biograph, seed_user):
    user = biograph.read_user(seed_user)

    assert dataclasses.asdict(user) == {
        "old_id": OLD_ID,
        "phone_number": "5551234567",
        "country_code": "1",
        "email": "zoe@example.com",
        "username": "zoë",
        "first_name": "Zoë",
        "picture": "https://old.example/z.jpg",
        "visibility": "public",
        "email_notifications": False,
        "push_notifications": True,
        "is_phone_verified": True,
        "is_email_verified": False,
        "is_disabled": True,
        "friends": ("507f1f77bcf86cd799439012", "507f1f77bcf86cd799439013"),
        "subscribers": ("507f1f77bcf86cd799439012",),
        "blocks": (),
        "premium": {"plan": "gold", "start": "2024-01-01T00:00:00Z", "end": "2025-01-01T12:00:01Z"},
        "updated_at": "2024-02-03T04:05:06.789Z",
        "digest": user.digest,
        "problems": (),
    }
    assert biograph.source_name == "biograph"
    assert (biograph.users_collection, biograph.content_collections) == (
        "authapp_usermodel",
        ["biographapp_biographmodel"],
    )


def test_defaults_are_those_of_the_migration_script(biograph):
    user = biograph.read_user({"_id": 1, "email_notification": None, "name": ""})

    assert (user.visibility, user.email_notifications, user.push_notifications) == ("friends", True, True)
    assert (user.is_phone_verified, user.is_disabled, user.premium) == (True, False, None)
    assert (user.first_name, user.phone_number, user.friends, user.problems) == ("", "", (), ())


@pytest.mark.parametrize(
    ("letter", "visibility", "problems"),
    [
        ("F", "friends", ()),
        ("A", "public", ()),
        ("P", "private", ()),
        (None, "friends", ()),
        ("X", "private", ("visibility: profile_settings has a value that the mapping does not list",)),
        (["F"], "private", ("visibility: profile_settings must be a text",)),
    ],
)
def test_unlisted_privacy_is_private(biograph, letter, visibility, problems):
    user = biograph.read_user({"_id": 1, "profile_settings": letter})

    assert (user.visibility, user.problems) == (visibility, problems)


def test_content_has_the_names_of_the_migration_script(biograph):
    content = biograph.read_content(
        "biographapp_biographmodel",
        {
            "_id": ObjectId(OLD_ID),
            "user_id": "u1",
            "title": "First",
            "record_text": "Text",
            "record_time": dt.datetime(2020, 1, 2, 3, 4, 5, 6000, tzinfo=dt.UTC),
            "audio_url": "https://old.example/a.mp3",
            "media_urls": ["https://old.example/b.jpg", "https://old.example/a.mp3"],
        },
    )

    assert dataclasses.asdict(content) == {
        "old_id": OLD_ID,
        "owner_id": "u1",
        "title": "First",
        "text": "Text",
        "record_time": "2020-01-02T03:04:05.006Z",
        "media": ("https://old.example/a.mp3", "https://old.example/b.jpg"),
        "updated_at": "",
        "digest": content.digest,
        "problems": (),
        "collection": "biographapp_biographmodel",
    }


def test_links_may_have_a_collection_of_their_own(load_mapping, mapping_document):
    mapping_document["links"] = [
        {"collection": "follows", "kind": "subscribers", "fields": {"owner_id": "to.id", "other_id": "from"}}
    ]
    mapping = load_mapping(mapping_document)

    link = mapping.read_link("follows", {"_id": 9, "from": DBRef("users", ObjectId(OLD_ID)), "to": {"id": 7}})

    assert mapping.link_collections == ["follows"]
    assert link == LegacyLink(old_id="", kind="subscribers", owner_id="7", other_id=OLD_ID, problems=())


@pytest.mark.parametrize(
    ("fields", "kind", "expected"),
    [
        (("friends", "blocks"), "", (True, True)),
        (("friends", "blocks"), "subscribers", (True, True)),
        (("friends", "blocks"), "friends", (True, False)),
        (("blocks",), "subscribers", (True, False)),
        ((), "friends", (False, False)),
    ],
)
def test_lists_of_users_are_known(load_mapping, mapping_document, fields, kind, expected):
    """Only friendships in lists of users can be one-sided."""
    users = mapping_document["users"]["fields"]
    for name in ("friends", "subscribers", "blocks"):
        users.pop(name, None)
    users |= {name: name for name in fields}
    link_fields = {"owner_id": "to", "other_id": "from"}
    if kind:
        mapping_document["links"] = [{"collection": "follows", "kind": kind, "fields": link_fields}]

    mapping = load_mapping(mapping_document)

    assert (mapping.users_list_links, mapping.users_list_friends) == expected


@pytest.fixture
def read_field(load_mapping, mapping_document):
    """Return a function that reads a value of a user, and the problems, with one field of the mapping."""

    def read(name, entry, document):
        mapping_document["users"]["fields"][name] = entry
        user = load_mapping(mapping_document).read_user({"_id": 1, **document})
        return getattr(user, name), user.problems

    return read


@pytest.mark.parametrize(
    ("name", "entry", "document", "result"),
    [
        ("email", "mail", {}, ""),
        ("email", ["mail", "address"], {"address": "x"}, "x"),
        ("email", {"from": ["mail", "mails.0.address"]}, {"mails": [{"address": "a@b.c"}]}, "a@b.c"),
        ("email", {"from": ["mail", "mails.0.address"]}, {"mail": "", "mails": []}, ""),
        ("email", {"from": ["mail", "other"]}, {"mail": "x", "other": "y"}, "x"),
        ("country_code", "code", {"code": 49.0}, "49"),
        ("country_code", "code", {"code": Decimal128("49.0")}, "49"),
        ("first_name", {"from": "name", "default": "?"}, {}, "?"),
        ("is_disabled", "blocked", {"blocked": "TRUE"}, True),
        ("is_disabled", "blocked", {"blocked": 0}, False),
        ("is_disabled", {"from": "state", "values": {"banned": True}}, {"state": "banned"}, True),
        ("is_phone_verified", {"from": "v", "default": False}, {}, False),
        ("updated_at", "at", {"at": "2020-01-01T01:00:00+01:00"}, "2020-01-01T00:00:00.000Z"),
        ("updated_at", "at", {"at": "2020-01-01 00:00:00"}, "2020-01-01T00:00:00.000Z"),
        ("updated_at", "at", {"at": Timestamp(1, 1)}, "1970-01-01T00:00:01.000Z"),
        ("updated_at", {"from": "at", "unit": "seconds"}, {"at": 1.5}, "1970-01-01T00:00:01.500Z"),
        ("updated_at", {"from": "at", "unit": "milliseconds"}, {"at": 1001}, "1970-01-01T00:00:01.001Z"),
        ("friends", "f", {"f": [uuid.UUID(int=1), 5, "x", 5]}, (str(uuid.UUID(int=1)), "5", "x", "5")),
        ("friends", {"from": ["a", "b"], "item": "user.id"}, {"b": [{"user": {"id": 5}}]}, ("5",)),
    ],
)  # fmt: skip
def test_value_is_converted(read_field, name, entry, document, result):
    assert read_field(name, entry, document) == (result, ())


@pytest.mark.parametrize(
    ("name", "value", "default", "problem"),
    [
        ("email", {"a": 1}, "", "email: field must be a text"),
        ("email", True, "", "email: field must be a text"),
        ("email", 1.5, "", "email: field must be a text"),
        ("email", float("nan"), "", "email: field must be a text"),
        ("email", Decimal128("1E+6000"), "", "email: field must be a text"),
        ("email", "\ud800", "", "email: field must be a text of valid Unicode"),
        ("email_notifications", "maybe", True, "email_notifications: field must be true or false"),
        ("push_notifications", 2, True, "push_notifications: field must be true or false"),
        ("updated_at", 5, "", 'updated_at: field must be a date; for a number, set "unit"'),
        ("updated_at", "secret", "", "updated_at: field must be a date from year 1 to 9999"),
        ("updated_at", DatetimeMS(10**17), "", "updated_at: field must be a date"),
        ("friends", "a,b", (), "friends: field must be a list"),
        ("friends", ["a", "b/c"], ("a",), "friends: an entry of field must be an ID of 1 to 128 characters"),
    ],
)
def test_value_that_does_not_fit_is_a_problem(read_field, name, value, default, problem):
    result, problems = read_field(name, "field", {"field": value})

    assert result == default
    assert problems[0].startswith(problem)
    assert "secret" not in str(problems)


@pytest.mark.parametrize(
    "old_id", ["", None, "a/b", "a#b", "x" * 129, " x", "a\nb", {"a": 1}, True, 1.5, [1], b"\x00"]
)
def test_user_without_usable_id_has_a_problem(biograph, old_id):
    user = biograph.read_user({"_id": old_id})

    assert user.old_id == ""
    assert len(user.problems) == 1
    assert user.problems[0].startswith("old_id: ")


def test_digest_does_not_depend_on_order_or_on_unmapped_values(biograph, seed_user):
    digest = biograph.read_user(seed_user).digest
    reordered = dict(reversed(seed_user.items()))
    reordered["friends"] = seed_user["friends"][::-1]
    reordered |= {"device_token": "x", "updated_at": None}

    assert biograph.read_user(reordered).digest == digest


@pytest.mark.parametrize("name", ["phone_number", "name", "profile_settings", "premium_end", "friends"])
def test_digest_changes_with_each_mapped_value(biograph, seed_user, name):
    digest = biograph.read_user(seed_user).digest
    del seed_user[name]

    assert biograph.read_user(seed_user).digest != digest


@pytest.mark.parametrize("options", [json_util.RELAXED_JSON_OPTIONS, json_util.CANONICAL_JSON_OPTIONS])
def test_user_of_an_export_is_that_of_the_dump(biograph, seed_user, options):
    dumped = decode_bson(bson.encode(seed_user))
    exported = decode_extended_json(json_util.dumps(seed_user, json_options=options).encode())

    assert biograph.read_user(exported) == biograph.read_user(dumped)


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.floats(), st.text(max_size=5),
        st.binary(max_size=5), st.datetimes(), st.uuids(),
        st.builds(DatetimeMS, st.integers(-(2**62), 2**62)),
        st.just(Timestamp(2**32 - 1, 0)), st.just(bson.MinKey()), st.just(bson.Regex("a")),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["all", "x"]), inner),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.data())
@pytest.mark.long
def test_no_value_of_a_document_raises(data):
    mapping = LegacyMapping.load("biograph")
    names = {source.split(".")[0] for field in mapping.users.fields for source in field.sources}
    document = {name: data.draw(VALUES) for name in sorted(names)}

    user = mapping.read_user(document)

    assert len(user.digest) == 64
    assert user.visibility in {"public", "friends", "private"}


def test_text_of_a_record_has_no_personal_data(biograph, seed_user):
    user = biograph.read_user(seed_user)

    assert repr(user) == f"{user}" == f"LegacyUser('{OLD_ID}')"
    assert user.premium == LegacyPremium("gold", "2024-01-01T00:00:00Z", "2025-01-01T12:00:01Z")
