"""The first pass names fields and counts; the check refuses the database of another application."""

import json

import pytest
from bson import ObjectId
from document_files import write_dump
from userprofiles.legacy.documents.open_source import open_source
from userprofiles.legacy.errors import SourceRefusedError
from userprofiles.legacy.mapping.first_pass import first_pass_lines, run_first_pass
from userprofiles.legacy.mapping.source_check import check_source

CONTENT = "biographapp_biographmodel"


def open_biograph(tmp_path, users, content=()):
    return open_source(write_dump(tmp_path, {"authapp_usermodel": users, CONTENT: content}))


def test_first_pass_counts_unknown_missing_and_unfit_fields(tmp_path, biograph, seed_user):
    users = [
        seed_user,
        {"_id": 2, "phone_number": "secret1", "device_token": "x", "email_notification": {"sms": True}},
        {"_id": 3, "phone_number": {"secret2": 1}, "device_token": "y", "profile_settings": "Z"},
        {"_id": 4, "email_notification": {"all": True, "+491700000000": 1}, "a b": 1},
    ]

    [user_counts, content_counts] = run_first_pass(open_biograph(tmp_path, users), biograph).to_json()
    text = "\n".join(first_pass_lines([user_counts, content_counts]))

    assert user_counts["documents"] == 4
    assert user_counts["unknownFields"] == {
        "(other names)": 1,
        "device_token": 2,
        "email_notification.(other names)": 1,
        "email_notification.sms": 1,
    }
    assert user_counts["missing"]["email"] == {"from": ["email"], "count": 3, "share": 0.75}
    assert user_counts["missing"]["email_notifications"]["count"] == 2
    assert user_counts["problems"] == {
        "phone_number: phone_number must be a text": 1,
        "visibility: profile_settings has a value that the mapping does not list": 1,
    }
    assert content_counts["documents"] == 0
    assert "  missing: email in 3 (75.0%), from email\n" in text
    assert "  not in the mapping: device_token (2), " in text
    assert "secret" not in json.dumps(user_counts) + text
    assert "+49" not in text


def test_number_of_unknown_names_is_bounded(tmp_path, biograph):
    users = [{"_id": number, f"key{number}": 1} for number in range(300)]

    [counts, _] = run_first_pass(open_biograph(tmp_path, users), biograph).to_json()

    assert len(counts["unknownFields"]) == 201
    assert counts["unknownFields"]["(other names)"] == 100


def test_damaged_documents_are_counted(tmp_path, biograph):
    source = open_biograph(tmp_path, [{"_id": 1}])
    path = tmp_path / "app" / "authapp_usermodel.bson"
    path.write_bytes(path.read_bytes() + b"\x08\x00\x00\x00\x14a\x00\x00")

    [counts, _] = run_first_pass(source, biograph).to_json()

    assert (counts["documents"], counts["damaged"]) == (1, 1)


def test_source_of_the_application_fits(tmp_path, biograph, seed_user):
    content = [{"_id": ObjectId(), "user_id": seed_user["_id"]}]

    check_source(open_biograph(tmp_path, [{}, seed_user], content), biograph)


def test_empty_source_fits(tmp_path, biograph):
    check_source(open_biograph(tmp_path, []), biograph)


def test_database_of_another_application_is_refused(tmp_path, biograph):
    source = open_source(write_dump(tmp_path, {"customers": [{"_id": 1}], "orders": []}))

    with pytest.raises(SourceRefusedError) as refusal:
        check_source(source, biograph)

    assert str(refusal.value) == (
        "The source does not fit the mapping 'biograph':\n"
        "- the source has no collection 'authapp_usermodel'\n"
        "- the source has no collection 'biographapp_biographmodel'\n"
        "Collections of the source: customers, orders.\n"
        "Check whether it is the database of this application, or change the mapping: --mapping FILE."
    )


def test_documents_without_the_required_fields_are_refused(tmp_path, biograph):
    source = open_biograph(tmp_path, [{"id": 1, "tel": "1"}] * 3, [{"_id": 1, "author": 1}])

    with pytest.raises(SourceRefusedError) as refusal:
        check_source(source, biograph)

    lines = str(refusal.value).splitlines()[1:4]
    assert [line.replace(" (for phone_number or email)", "") for line in lines] == [
        "- authapp_usermodel: none of the first 3 documents has _id (for old_id)",
        "- authapp_usermodel: none of the first 3 documents has phone_number or email",
        "- biographapp_biographmodel: none of the first 1 documents has user_id (for owner_id)",
    ]
