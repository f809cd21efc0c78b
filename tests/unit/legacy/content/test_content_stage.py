"""Content of old users becomes items, copies and redirects."""

import pytest
from import_table import client_error
from legacy_world import BUCKET, OLD_BUCKET, change_content, create_content, sub_of
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.legacy.errors import LegacyError
from userprofiles.legacy.job.stage import Outcome
from userprofiles.social.redirects import ENTITY_TYPE, redirect_key, url_hash

URL = "https://media.old.example/audio/1.mp3"


def outcomes(results):
    return [result.outcome for result in results]


class TestItems:
    def test_record_becomes_an_item_of_its_owner(self, legacy_world):
        legacy_world.bind("1")

        [result] = legacy_world.run("content", [create_content("c1", title="Ü 🎙", text="<b>=1+1</b>")])

        [item] = legacy_world.content_of("1")
        assert item["SK"].startswith("CONTENT#20200506T070809123Z-")
        assert (item["title"], item["text"]) == ("Ü 🎙", "<b>=1+1</b>")
        assert item["record_time"] == "2020-05-06T07:08:09.123Z"
        assert (item["old_biograph_id"], item["migrated_from_old_system"]) == ("c1", True)
        assert (item["migrationRunId"], item["contentDigest"]) == ("run-1", "digest of c1")
        assert (result.outcome, result.reason) == (Outcome.CREATED, "")
        assert result.keys == (f"item/{item['PK']}/{item['SK']}",)

    def test_repeated_process_has_the_same_results_and_changes_nothing(self, legacy_world):
        legacy_world.bind("1")
        legacy_world.s3.add(OLD_BUCKET, "audio/1.mp3", b"sound")
        records = [create_content("c1", media=(URL,)), create_content("c2", media=(f"{URL}.lost",))]
        first = legacy_world.run("content", records)
        items, copies = legacy_world.table.items(), legacy_world.s3.count("CopyObject")

        second = legacy_world.run("content", records)

        assert [result.keys for result in second] == [result.keys for result in first]
        assert [result.counts for result in second] == [result.counts for result in first]
        assert [result.findings for result in second] == [result.findings for result in first]
        assert outcomes(second) == [Outcome.CREATED] * 2
        assert legacy_world.table.items() == items
        assert legacy_world.s3.count("CopyObject") == copies

    def test_another_run_changes_nothing_and_owns_nothing(self, legacy_world):
        legacy_world.bind("1")
        legacy_world.run("content", [create_content("c1")])

        [result] = legacy_world.run("content", [create_content("c1", title="new")], run_id="run-2")

        assert (result.outcome, result.keys) == (Outcome.EXISTED, ())
        assert legacy_world.content_of("1")[0]["title"] == "Title c1"

    @pytest.mark.parametrize(
        ("owner", "reason"), [("2", "the owner is not imported"), ("", "the record names no owner")]
    )
    def test_record_without_an_imported_owner_is_listed_and_not_written(self, legacy_world, owner, reason):
        legacy_world.bind("1")

        results = legacy_world.run("content", [create_content("c1", owner), create_content("c2")])

        assert outcomes(results) == [Outcome.CONFLICT, Outcome.CREATED]
        assert results[0].reason == reason
        assert len(legacy_world.content_of("1")) == 1

    def test_owner_is_the_user_of_the_claim_and_not_of_an_attribute_that_a_user_can_write(self, legacy_world):
        """A user who sets `custom:old_user_id` or a field of the profile gets nobody's content."""
        legacy_world.bind("1")
        legacy_world.table.put(
            {"PK": "USER#thief", "SK": "ACCOUNT#MAIN", "old_user_id": "1"},
            {"PK": "USER#thief", "SK": "LEGACY#biograph#1"},
        )

        legacy_world.run("content", [create_content("c1")])

        owners = {item["PK"] for item in legacy_world.table.items() if item["SK"].startswith("CONTENT#")}
        assert owners == {f"USER#{sub_of('1')}"}

    def test_record_without_a_record_time_is_imported_with_that_of_its_last_change(self, legacy_world):
        legacy_world.bind("1")

        [result] = legacy_world.run(
            "content", [create_content("c1", record_time="", updated_at="2019-01-01T00:00:00.000Z")]
        )

        assert legacy_world.content_of("1")[0]["record_time"] == "2019-01-01T00:00:00.000Z"
        assert result.findings == (
            "content c1: the record has no record time; its last change, or 1970, stands for it",
        )

    def test_item_that_dynamodb_cannot_store_fails_alone(self, legacy_world):
        legacy_world.bind("1")

        results = legacy_world.run(
            "content", [create_content("c1", text="x" * 401_000), create_content("c2")]
        )

        assert outcomes(results) == [Outcome.FAILED, Outcome.CREATED]
        assert results[0].reason == "the item has more than 400,000 bytes"


class TestMedia:
    def test_medium_is_copied_and_its_old_url_redirected(self, legacy_world):
        legacy_world.bind("1")
        legacy_world.s3.add(OLD_BUCKET, "audio/1.mp3", b"sound")

        [result] = legacy_world.run("content", [create_content("c1", media=(URL,))])

        [item] = legacy_world.content_of("1")
        [entry] = item["media"]
        key = f"media/{sub_of('1')}/{item['SK'].removeprefix('CONTENT#')}/{entry['id']}"
        assert legacy_world.s3.keys(BUCKET) == [key]
        assert legacy_world.s3.body(BUCKET, key) == b"sound"
        assert (entry["state"], entry["content_type"], entry["bytes"]) == ("ready", "audio/mpeg", 5)
        redirect = legacy_world.table.get(*redirect_key(url_hash(URL), sub_of("1")).values())
        assert (redirect["mediaKey"], redirect["sub"], redirect["isPublic"]) == (key, sub_of("1"), True)
        assert result.counts == {"media": 1, "media bytes": 5}
        assert set(result.keys) == {
            f"object/{key}",
            f"item/{item['PK']}/{item['SK']}",
            f"item/{redirect['PK']}/{redirect['SK']}",
            f"item/{item['PK']}/{redirect['PK']}",
        }

    def test_owners_of_one_public_url_have_a_redirect_each(self, legacy_world):
        """The URL must work after the first of them has left, or after a rollback of their batch."""
        legacy_world.bind("1", "2")
        legacy_world.s3.add(OLD_BUCKET, "audio/1.mp3", b"sound")
        records = [create_content(f"c{owner}", owner, media=(URL,)) for owner in ("1", "2")]
        first, second = (legacy_world.run("content", [record])[0] for record in records)

        legacy_world.run("content", first.keys, "undo")

        items = [item for item in legacy_world.table.items() if item["entityType"] == ENTITY_TYPE]
        url, user = redirect_key(url_hash(URL), sub_of("2")).values()
        assert sorted((item["PK"], item["SK"]) for item in items) == [(url, user), (user, url)]
        assert second.counts == {"media": 1, "media bytes": 5}
        assert outcomes(legacy_world.run("content", records[1:], "verify")) == [Outcome.EXISTED]

    def test_urls_in_texts_are_replaced_and_none_of_an_old_host_is_left(self, legacy_world):
        legacy_world.bind("1")
        legacy_world.s3.add(OLD_BUCKET, "a.png", b"picture")
        text = (
            "See https://media.old.example/a.png, (HTTP://MEDIA.OLD.EXAMPLE/lost.png) and "
            "https://elsewhere.example/x."
        )

        [result] = legacy_world.run("content", [create_content("c1", text=text)])

        [item] = legacy_world.content_of("1")
        ids = {entry["state"]: entry["id"] for entry in item["media"]}
        assert item["text"] == (
            f"See media:{ids['ready']}, (media:{ids['missing']}) and https://elsewhere.example/x."
        )
        assert "old.example" not in str(legacy_world.table.items())
        assert "old URLs left" not in result.counts

    def test_dead_links_and_foreign_hosts_are_recorded_and_listed(self, legacy_world):
        legacy_world.bind("1")
        urls = ("https://media.old.example/lost.mp3", "https://videos.example/1", "n/a")

        [result] = legacy_world.run("content", [create_content("c1", media=urls)])

        [item] = legacy_world.content_of("1")
        assert [entry["state"] for entry in item["media"]] == ["missing", "elsewhere", "missing"]
        assert item["media"][0]["old_path"] == "lost.mp3"
        assert item["media"][1]["url"] == "https://videos.example/1"
        assert result.outcome is Outcome.CREATED
        assert result.counts == {"dead links": 2, "media elsewhere": 1}
        assert result.findings == (
            "content c1: medium 1 is a dead link: the old file does not exist",
            "content c1: medium 2 stays where it is: no rule has this host and path",
            "content c1: medium 3 is a dead link: the text is not a URL",
        )

    def test_medium_that_cannot_be_copied_this_time_fails_its_record(self, legacy_world):
        legacy_world.bind("1")
        legacy_world.s3.add(OLD_BUCKET, "audio/1.mp3", b"sound", StorageClass="GLACIER")

        results = legacy_world.run("content", [create_content("c1", media=(URL,)), create_content("c2")])

        assert outcomes(results) == [Outcome.FAILED, Outcome.CREATED]
        assert results[0].reason == "the old file is archived: restore it in S3 first"
        assert [item["old_biograph_id"] for item in legacy_world.content_of("1")] == ["c2"]

    @pytest.mark.parametrize(
        ("operation", "bucket", "permission"),
        [
            ("HeadObject", OLD_BUCKET, "s3:ListBucket"),
            ("CopyObject", BUCKET, "s3:PutObject"),
            ("HeadObject", BUCKET, "s3:GetObject"),
        ],
    )
    def test_bucket_that_refuses_stops_the_run_before_an_item_is_written(
        self, legacy_world, operation, bucket, permission
    ):
        legacy_world.bind("1")
        legacy_world.s3.add(OLD_BUCKET, "audio/1.mp3", b"sound")
        legacy_world.s3.refused = {(operation, bucket)}
        records = [create_content("c1", media=(URL,)), create_content("c2")]

        with pytest.raises(BackfillFailedError, match=f"The bucket '{bucket}' refuses {operation}") as raised:
            legacy_world.run("content", records)

        assert raised.value.kind is ErrorKind.RIGHTS
        assert permission in str(raised.value)
        assert legacy_world.content_of("1") == []
        legacy_world.s3.refused = set()
        assert outcomes(legacy_world.run("content", records)) == [Outcome.CREATED] * 2

    def test_rules_without_a_bucket_for_media_are_refused(self, legacy_world, monkeypatch):
        monkeypatch.setattr("legacy_world.BUCKET", "")

        with pytest.raises(LegacyError, match="the stack has no bucket for media"):
            legacy_world.run("content", [])

    def test_without_rules_all_urls_stay(self, legacy_world):
        legacy_world.bind("1")

        [result] = legacy_world.run("content", [create_content("c1", text=URL, media=(URL,))], rules=None)

        [item] = legacy_world.content_of("1")
        assert (item["text"], item["media"][0]["url"]) == (URL, URL)
        assert result.counts == {"media elsewhere": 1}


class TestPlan:
    def test_preview_and_estimate_call_no_service(self, legacy_world):
        records = [
            create_content("c1", media=(URL, "https://videos.example/1")),
            create_content("c2", owner_id=""),
        ]

        with legacy_world.stages() as stages:
            results = stages["content"].preview(records)
            estimate = stages["content"].estimate(records[:1])

        assert outcomes(results) == [Outcome.CREATED, Outcome.CONFLICT]
        assert results[0].counts == {"media": 1, "media elsewhere": 1}
        assert (estimate.copied_objects, estimate.write_units) == (1, 3.0)
        assert (legacy_world.table.client.calls, legacy_world.s3.calls) == ([], [])


class TestDelta:
    def test_changed_record_changes_its_item_and_copies_new_media(self, legacy_world):
        legacy_world.bind("1")
        record = create_content("c1")
        legacy_world.run("content", [record])
        [before] = legacy_world.content_of("1")
        legacy_world.s3.add(OLD_BUCKET, "audio/1.mp3", b"sound")
        changed = change_content(record, title="new", media=(URL,), record_time="2021-01-01T00:00:00.000Z")

        [result] = legacy_world.run("content", [changed], "update", run_id="run-2")

        [after] = legacy_world.content_of("1")
        assert result.outcome is Outcome.UPDATED
        assert (after["title"], after["record_time"]) == ("new", "2021-01-01T00:00:00.000Z")
        assert [entry["state"] for entry in after["media"]] == ["ready"]
        unchanged = ("SK", "created_at", "migrationRunId")
        assert [after[name] for name in unchanged] == [before[name] for name in unchanged]
        assert outcomes(legacy_world.run("content", [changed], "verify")) == [Outcome.EXISTED]

    def test_item_that_its_user_has_changed_stays(self, legacy_world):
        legacy_world.bind("1")
        record = create_content("c1")
        legacy_world.run("content", [record])
        [item] = legacy_world.content_of("1")
        legacy_world.table.put({**item, "title": "mine", "updated_at": "2030-01-01T00:00:00Z"})

        results = legacy_world.run("content", [change_content(record, title="new")], "update", run_id="run-2")

        assert [(result.outcome, result.reason) for result in results] == [
            (Outcome.SKIPPED, "it was changed here after the import")
        ]
        assert legacy_world.content_of("1")[0]["title"] == "mine"

    def test_unchanged_and_new_records(self, legacy_world):
        legacy_world.bind("1")
        legacy_world.run("content", [create_content("c1")])

        results = legacy_world.run(
            "content", [create_content("c1"), create_content("c2")], "update", run_id="run-2"
        )

        assert outcomes(results) == [Outcome.EXISTED, Outcome.CREATED]

    def test_dead_link_whose_file_is_back_is_copied(self, legacy_world):
        legacy_world.bind("1")
        record = create_content("c1", media=(URL,))
        legacy_world.run("content", [record])
        assert outcomes(legacy_world.run("content", [record], "update", run_id="run-2")) == [Outcome.EXISTED]
        legacy_world.s3.add(OLD_BUCKET, "audio/1.mp3", b"sound")

        [result] = legacy_world.run("content", [record], "update", run_id="run-3")

        assert result.outcome is Outcome.UPDATED
        assert legacy_world.content_of("1")[0]["media"][0]["state"] == "ready"


class TestVerify:
    @pytest.fixture
    def record(self, legacy_world):
        legacy_world.bind("1")
        legacy_world.s3.add(OLD_BUCKET, "audio/1.mp3", b"sound")
        record = create_content("c1", media=(URL,))
        [self.imported] = legacy_world.run("content", [record])
        return record

    def verify(self, world, record):
        [result] = world.run("content", [record], "verify")
        return result

    def test_imported_record_is_confirmed_with_its_keys(self, legacy_world, record):
        result = self.verify(legacy_world, record)

        assert (result.outcome, set(result.keys)) == (Outcome.EXISTED, set(self.imported.keys))

    def test_missing_item_is_a_difference_and_its_copies_are_found(self, legacy_world, record):
        [item] = legacy_world.content_of("1")
        legacy_world.table.delete(item["PK"], item["SK"])

        result = self.verify(legacy_world, record)

        assert (result.outcome, result.reason) == (Outcome.FAILED, "the content item does not exist")
        assert [key.partition("/")[0] for key in result.keys] == ["object"]

    def test_lost_copy_is_a_difference(self, legacy_world, record):
        legacy_world.s3.objects = {
            key: stored for key, stored in legacy_world.s3.objects.items() if key[0] != BUCKET
        }

        result = self.verify(legacy_world, record)

        assert (result.outcome, result.reason) == (
            Outcome.FAILED,
            "a copied medium is not in the bucket, or has another size",
        )

    def test_lost_redirect_is_a_difference(self, legacy_world, record):
        legacy_world.table.delete(*redirect_key(url_hash(URL), sub_of("1")).values())

        assert self.verify(legacy_world, record).reason == "a redirect of an old URL does not exist"

    def test_other_text_is_a_difference_and_that_of_its_user_a_change(self, legacy_world, record):
        [item] = legacy_world.content_of("1")
        legacy_world.table.put({**item, "text": "other"})
        assert self.verify(legacy_world, record).outcome is Outcome.FAILED

        legacy_world.table.put({**item, "text": "other", "updated_at": "2030-01-01T00:00:00Z"})
        assert self.verify(legacy_world, record).outcome is Outcome.CHANGED

    def test_url_of_an_old_host_is_a_difference(self, legacy_world, record):
        [item] = legacy_world.content_of("1")
        legacy_world.table.put({**item, "text": f"See {URL}"})

        assert self.verify(legacy_world, record).reason == "the content item has URLs of an old host"


class TestUndo:
    def import_one(self, world):
        world.bind("1")
        world.s3.add(OLD_BUCKET, "audio/1.mp3", b"sound")
        before = world.table.keys()
        [result] = world.run("content", [create_content("c1", media=(URL,))])
        return before, list(result.keys)

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_everything_of_the_run_is_removed_in_any_order(self, legacy_world, is_reversed):
        before, keys = self.import_one(legacy_world)

        results = legacy_world.run("content", keys[::-1] if is_reversed else keys, "undo")

        assert outcomes(results) == [Outcome.REMOVED] * 4
        assert legacy_world.table.keys() == before
        assert legacy_world.s3.keys(BUCKET) == []
        assert legacy_world.s3.keys(OLD_BUCKET) == ["audio/1.mp3"]
        assert outcomes(legacy_world.run("content", keys, "undo")) == [Outcome.REMOVED] * 4

    def test_content_that_its_user_has_changed_stays_with_its_media(self, legacy_world):
        _, keys = self.import_one(legacy_world)
        [item] = legacy_world.content_of("1")
        legacy_world.table.put({**item, "title": "mine", "updated_at": "2030-01-01T00:00:00Z"})

        results = dict(zip(keys, legacy_world.run("content", keys, "undo"), strict=True))

        kept = {key.partition("/")[0] for key, result in results.items() if result.outcome is Outcome.KEPT}
        assert kept == {"object", "item"}
        assert len(legacy_world.s3.keys(BUCKET)) == 1
        assert legacy_world.content_of("1")[0]["title"] == "mine"

    def test_another_run_removes_nothing(self, legacy_world):
        _, keys = self.import_one(legacy_world)

        results = legacy_world.run("content", keys, "undo", run_id="run-2")

        assert set(outcomes(results)) == {Outcome.KEPT}
        assert len(legacy_world.s3.keys(BUCKET)) == 1

    def test_keys_of_other_stages_are_refused(self, legacy_world):
        results = legacy_world.run("content", ["user/1/sub", "object/exports/x", "item/"], "undo")

        assert outcomes(results) == [Outcome.FAILED] * 3


def test_server_error_of_s3_stops_the_run_with_advice(legacy_world):
    legacy_world.bind("1")

    def fail(operation, parameters):
        raise client_error(operation, "503", status=503)

    legacy_world.s3.hooks = [fail]

    with pytest.raises(BackfillFailedError, match="Wait some minutes, then resume the run"):
        legacy_world.run("content", [create_content("c1", media=(URL,))])
