"""Private files are copied only for their owners: attacks by records that name the file of another user."""

import pytest
from legacy_world import BUCKET, OLD_BUCKET, create_content, sub_of
from userprofiles.legacy.content.content_plan import plan_content
from userprofiles.legacy.content.file_owners import (
    NOT_PROVEN,
    NOT_PROVEN_IN_TEXT,
    WITHHELD,
    is_owner_pattern,
)
from userprofiles.legacy.content.rules_file import check_rules
from userprofiles.legacy.job.stage import Outcome
from userprofiles.social.redirects import redirect_key, url_hash

HOST = "https://private.old.example"
VICTIM, THIEF = "17", "1"
SECRET = f"{HOST}/{VICTIM}/diary.mp3"


def rules(**options):
    return {"rules": [{"from": f"{HOST}/", "bucket": OLD_BUCKET, **options}]}


@pytest.fixture
def world(legacy_world):
    legacy_world.bind(VICTIM, THIEF)
    legacy_world.s3.add(OLD_BUCKET, f"{VICTIM}/diary.mp3", b"secret")
    return legacy_world


@pytest.mark.parametrize(
    ("options", "values", "problem"),
    [
        ({}, {"media": (SECRET,)}, NOT_PROVEN),
        ({}, {"text": f"Listen: {SECRET}"}, NOT_PROVEN_IN_TEXT),
        ({}, {"title": SECRET}, NOT_PROVEN_IN_TEXT),
        ({"owner": "{user_id}/"}, {"media": (SECRET,)}, NOT_PROVEN),
        ({"owner": "{user_id}/"}, {"text": SECRET}, NOT_PROVEN_IN_TEXT),
        ({"trust_media_fields": True}, {"text": SECRET}, NOT_PROVEN_IN_TEXT),
    ],
)
def test_record_that_names_the_private_file_of_another_user_gets_no_copy(world, options, values, problem):
    record = create_content("c1", THIEF, **values)

    with world.stages(rules=rules(**options)) as stages:
        [planned] = stages["content"].preview([record])
    [result] = world.run("content", [record], rules=rules(**options))

    [item] = world.content_of(THIEF)
    [entry] = item["media"]
    assert (entry["state"], entry["problem"]) == ("missing", problem)
    assert world.s3.calls == []
    assert world.table.get(*redirect_key(url_hash(SECRET), sub_of(THIEF)).values()) is None
    assert result.outcome is Outcome.CREATED
    assert planned.counts == result.counts == {"media withheld": 1}
    assert planned.findings == (f"content c1: {problem}",)
    assert result.findings == (f"content c1: medium 1 is not copied: {problem}",)
    assert "owner" in problem


def test_owner_gets_the_file_whoever_else_names_it(world):
    """A thief who names the file, even first, costs its owner nothing."""
    records = [create_content("c1", THIEF, media=(SECRET,)), create_content("c2", VICTIM, text=SECRET)]

    results = world.run("content", records, rules=rules(owner="{user_id}/"))

    assert [result.counts.get("media", 0) for result in results] == [0, 1]
    assert world.content_of(VICTIM)[0]["media"][0]["state"] == "ready"


def test_public_file_is_copied_for_everybody(world):
    [result] = world.run("content", [create_content("c1", THIEF, text=SECRET)], rules=rules(public=True))

    assert result.counts["media"] == 1


def test_medium_of_a_trusted_field_is_copied(world):
    [result] = world.run(
        "content", [create_content("c1", VICTIM, media=(SECRET,))], rules=rules(trust_media_fields=True)
    )

    assert result.counts["media"] == 1


def test_delta_pass_copies_the_file_after_the_rule_allows_it(world):
    record = create_content("c1", VICTIM, media=(SECRET,))
    world.run("content", [record], rules=rules())

    [result] = world.run("content", [record], "update", "run-2", rules(owner="{user_id}/"))

    assert result.outcome is Outcome.UPDATED
    assert world.content_of(VICTIM)[0]["media"][0]["state"] == "ready"


def test_verification_agrees_with_an_import_that_withheld_a_file(world):
    record = create_content("c1", THIEF, media=(SECRET,))
    world.run("content", [record], rules=rules())

    [result] = world.run("content", [record], "verify", rules=rules())

    assert (result.outcome, result.counts) == (Outcome.EXISTED, {"media withheld": 1})


def test_rollback_finds_copies_that_were_made_before_a_rule_became_stricter(world):
    record = create_content("c1", VICTIM, media=(SECRET,))
    world.run("content", [record], rules=rules(trust_media_fields=True))
    [item] = world.content_of(VICTIM)
    world.table.delete(item["PK"], item["SK"])

    [result] = world.run("content", [record], "verify", rules=rules())

    assert result.keys == tuple(f"object/{key}" for key in world.s3.keys(BUCKET))


def is_copied(url, owner_id="1", record_id="c1", place=None, **options):
    """Return whether the file of a media field would be copied."""
    place = place or {"bucket": OLD_BUCKET}
    media_rules = check_rules({"rules": [{"from": f"{HOST}/", **place, **options}]})
    record = create_content(record_id, owner_id, media=(url,))
    [old_file] = plan_content(record, "sub", "biograph", media_rules).files
    assert not old_file.problem or old_file.problem in WITHHELD
    return not old_file.problem


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("{user_id}/", "1/a.mp3", True),
        ("{user_id}/", "%31/a.mp3", True),
        ("{user_id}/", "12/a.mp3", False),
        ("{user_id}/", "2/1/a.mp3", False),
        ("{user_id}/", "a/1/a.mp3", False),
        ("users/{user_id}/", "users/1/x/a.mp3", True),
        ("users/{user_id}/", "users2/1/a.mp3", False),
        ("*/{record_id}-", "audio/c1-0.mp3", True),
        ("*/{record_id}-", "audio/c11-0.mp3", False),
        ("*/{record_id}-", "audio/x/c1-0.mp3", False),
        ("*/{record_id}.", "c1.mp3", False),
        ("{user_id}_{record_id}.", "1_c1.mp3", True),
        ("{user_id}_{record_id}.", "2_c1.mp3", False),
    ],
)
def test_pattern_must_begin_the_path(pattern, path, expected):
    assert is_copied(f"{HOST}/{path}", owner=pattern) is expected


@pytest.mark.parametrize("user_id", ["a/b", ".*", "[^/]*", "{record_id}", "*"])
def test_no_user_id_stands_for_another_path(user_id):
    assert not is_copied(f"{HOST}/a/b/diary.mp3", user_id, owner="{user_id}/")


def test_web_server_on_the_internet_decides_itself():
    """It sees no credentials, so everybody can read what the import can read."""
    assert is_copied(SECRET, place={"url": f"{HOST}/"})


def test_web_server_at_a_private_address_decides_nothing():
    place = {"url": f"{HOST}/", "private_addresses": True}

    assert not is_copied(SECRET, place=place)
    assert is_copied(SECRET, VICTIM, place=place, owner="{user_id}/")


def test_query_proves_nothing():
    place = {"url": f"{HOST}/", "private_addresses": True}

    assert not is_copied(f"{HOST}/1/get?file=17/diary.mp3", place=place, owner="{user_id}/")


@pytest.mark.parametrize(
    "pattern", ["{user_id}/", "users/{user_id}/", "*/{record_id}-", "a-{user_id}/{record_id}."]
)
def test_pattern_with_delimited_ids(pattern):
    assert is_owner_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "users/", "/{user_id}/", "{user_id}", "x{user_id}/", "*{user_id}/", "{user_id}x/"),
        *(
            "{user_id}{record_id}/",
            "{id}/",
            "{user_id}/{x}/",
            "{user_id}/a{record_id}.",
            "{user_id}*/",
            1,
            None,
        ),
    ],
)
def test_other_pattern_is_refused(pattern):
    """Without a separator, the pattern of user 1 would match the files of user 12."""
    assert not is_owner_pattern(pattern)
