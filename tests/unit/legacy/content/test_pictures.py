"""Pictures of old users are copied, and their old URLs go on working."""

import pytest
from legacy_world import BUCKET, OLD_BUCKET, create_user, sub_of
from userprofiles.legacy.job.stage import Outcome
from userprofiles.social.redirects import redirect_key, url_hash

URL = "https://media.old.example/pictures/1.jpg"
PRIVATE_URL = "https://s3.amazonaws.com/old-bucket/1.jpg"


@pytest.fixture
def world(legacy_world):
    legacy_world.bind("1")
    legacy_world.s3.add(OLD_BUCKET, "pictures/1.jpg", b"picture")
    return legacy_world


def redirect_of(world, url=URL):
    return world.table.get(*redirect_key(url_hash(url), sub_of("1")).values())


def test_picture_is_copied_below_the_prefix_of_its_user_and_redirected(world):
    [result] = world.run("pictures", [create_user("1", picture=URL)])

    [key] = world.s3.keys(BUCKET)
    redirect = redirect_of(world)
    assert key.startswith(f"media/{sub_of('1')}/19700101T000000000Z-")
    assert (redirect["mediaKey"], redirect["isPublic"], redirect["contentType"]) == (key, True, "image/jpeg")
    assert (result.outcome, result.counts) == (Outcome.CREATED, {"pictures": 1})
    assert set(result.keys) == {
        f"object/{key}",
        f"item/{redirect['PK']}/{redirect['SK']}",
        f"item/USER#{sub_of('1')}/{redirect['PK']}",
    }


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        ("", "the user has no picture"),
        (PRIVATE_URL, "the picture stays where it is: no rule makes it public here"),
        ("https://elsewhere.example/1.jpg", "the picture stays where it is: no rule makes it public here"),
        ("http://169.254.169.254/1.jpg", "the picture stays where it is: no rule makes it public here"),
        ("https://media.old.example/lost.jpg", "the picture is a dead link"),
    ],
)
def test_other_pictures_are_skipped_with_a_reason(world, picture, reason):
    users = [create_user("1", picture=picture), create_user("2", picture=URL)]

    results = world.run("pictures", users)

    assert [(result.outcome, result.reason) for result in results] == [
        (Outcome.SKIPPED, reason),
        (Outcome.SKIPPED, "the user is not imported"),
    ]
    assert world.s3.keys(BUCKET) == []


def test_repeated_run_has_the_same_results_and_another_run_owns_nothing(world):
    users = [create_user("1", picture=URL)]
    first = world.run("pictures", users)

    assert world.run("pictures", users) == first
    [other] = world.run("pictures", users, "update", run_id="run-2")
    assert (other.outcome, other.keys) == (Outcome.EXISTED, ())


def test_verification_finds_a_lost_copy_or_redirect(world):
    users = [create_user("1", picture=URL)]
    [not_copied] = world.run("pictures", users, "verify")
    [imported] = world.run("pictures", users)
    [verified] = world.run("pictures", users, "verify")
    del world.s3.objects[BUCKET, world.s3.keys(BUCKET)[0]]
    [lost] = world.run("pictures", users, "verify")

    assert (not_copied.outcome, not_copied.reason) == (Outcome.SKIPPED, "the picture was not copied")
    assert (verified.outcome, set(verified.keys)) == (Outcome.EXISTED, set(imported.keys))
    assert (lost.outcome, lost.reason) == (
        Outcome.FAILED,
        "the redirect or the copy of the picture does not exist",
    )


def test_undo_removes_copy_and_redirect(world):
    before = world.table.keys()
    [result] = world.run("pictures", [create_user("1", picture=URL)])

    undone = world.run("pictures", list(result.keys), "undo")

    assert {one.outcome for one in undone} == {Outcome.REMOVED}
    assert (world.table.keys(), world.s3.keys(BUCKET)) == (before, [])


def test_preview_calls_no_service(world):
    users = [create_user("1", picture=URL), create_user("2")]

    with world.stages() as stages:
        results = stages["pictures"].preview(users)
        estimate = stages["pictures"].estimate(users)

    assert [result.outcome for result in results] == [Outcome.CREATED, Outcome.SKIPPED]
    assert (estimate.copied_objects, estimate.write_units) == (1, 2.0)
    assert (world.table.client.calls, world.s3.calls) == ([], [])
