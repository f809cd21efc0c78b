"""The erasure of content: items, mirrors, redirects and media, also of uploads that are still possible."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from erasure_world import BUCKET, ENVIRONMENT
from userprofiles.lifecycle.erasure.erasure_result import Outcome
from userprofiles.lifecycle.erasure.erasure_setup import create_erasure
from userprofiles.lifecycle.erasure.stores.store import StoreWork
from userprofiles.social import content, counters, legacy_records, links, premium, redirects
from userprofiles.table import record

SUB = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
TIME = "2026-02-04T15:00:00Z"


@pytest.fixture
def erasure(moto_world):
    """Return the erasure of a stack with content."""
    environment = {**ENVIRONMENT, "MEDIA_BUCKET": BUCKET, "ERASURE_STORES": json.dumps([])}
    erasure = create_erasure(environment, moto_world.create_client)
    return replace(erasure, store=moto_world.store, clock=lambda: moto_world.now)


@pytest.fixture
def add_content(moto_world):
    """Return a function that writes all items of an imported user, and two versions of a medium."""

    def add(sub, other, uploads_until=None):
        content_id = content.content_id(moto_world.now, sub)
        item = content.content_item(
            sub,
            content_id,
            title="canary",
            text="canary",
            record_time=moto_world.now,
            created_at=TIME,
            media=[content.media_entry("m1", "audio/mp4", size=5, sha256=None)],
            uploads_until=uploads_until,
        )
        items = [
            item,
            counters.counters_item(sub, {"friends": 1, "content": 1}),
            premium.premium_item(sub, plan="gold", starts_at=TIME, ends_at=None, created_at=TIME),
            legacy_records.legacy_mirror_item(sub, "biograph", f"old-{sub}", run_id="r-1"),
            legacy_records.claim_item(
                "biograph",
                f"old-{sub}",
                address_hash="h",
                address_salt="s",
                digest="d",
                updated_at=TIME,
                run_id="r-1",
            ),
            *redirects.redirect_items(
                sub,
                f"https://old.example/{sub}.mp4",
                content=content_id,
                media_id="m1",
                content_type="audio/mp4",
                is_public=True,
            ),
            *(item for kind in links.MIRRORS for item in links.link_items(sub, kind, other, created_at=TIME)),
        ]
        for entry in items:
            moto_world.tables.put(entry)
        key = content.media_key(sub, content_id, "m1")
        moto_world.bucket.put(key, "v1")
        moto_world.bucket.put(key, "v2", "marker")
        return key

    return add


def remaining_keys(world, sub):
    """Return the keys of items and files that name a user, except the tombstones and the empty claim."""
    empty_types = (record.TOMBSTONE, legacy_records.ERASED_TYPE)
    items = [
        (item["PK"], item["SK"])
        for item in world.tables.items()
        if sub in json.dumps(item, default=str) and item.get("entityType") not in empty_types
    ]
    return items + [key for key, _ in world.bucket.versions if sub in key]


def test_nothing_of_the_content_is_left(moto_world, erasure, add_content):
    moto_world.add_user(SUB, with_canaries=False)
    moto_world.add_user(OTHER, with_canaries=False, is_marked=False)
    add_content(SUB, "third")
    add_content(OTHER, "fourth")
    before = remaining_keys(moto_world, OTHER)

    result = erasure.erase_due(SUB)

    assert result.outcome is Outcome.ERASED
    assert remaining_keys(moto_world, SUB) == []
    assert remaining_keys(moto_world, OTHER) == before
    assert moto_world.counts(SUB)["media_files"] == 2


def test_redirects_of_others_to_the_same_url_stay(moto_world, erasure):
    """A user who named the public file of another user must not take its URL along."""
    moto_world.add_user(SUB, with_canaries=False)
    content_id = content.content_id(moto_world.now, "x")
    pairs = {
        sub: redirects.redirect_items(
            sub,
            "https://old.example/a.mp4",
            content=content_id,
            media_id="m1",
            content_type="audio/mp4",
            is_public=True,
        )
        for sub in (SUB, OTHER)
    }
    for item in [*pairs[SUB], *pairs[OTHER]]:
        moto_world.tables.put(item)

    erasure.erase_due(SUB)

    remaining = [
        item for item in moto_world.tables.items() if item.get("entityType") == redirects.ENTITY_TYPE
    ]
    assert sorted(remaining, key=str) == sorted(pairs[OTHER], key=str)


def test_items_in_partitions_of_others_are_found_from_the_mirrors(moto_world, erasure, add_content):
    moto_world.add_user(SUB, with_canaries=False)
    add_content(SUB, "third")

    erasure.erase_due(SUB)

    others = [item for item in moto_world.tables.items() if item["PK"] != f"USER#{SUB}"]
    claim_key = legacy_records.claim_key("biograph", f"old-{SUB}")
    assert others == [legacy_records.erased_claim_item(claim_key)]


def test_upload_that_begins_after_the_erasure_is_deleted_too(moto_world, erasure, add_content):
    """A signed upload is valid for some minutes: the erasure is not complete before."""
    world = moto_world
    world.add_user(SUB, with_canaries=False)
    key = add_content(SUB, "third", record.timestamp(world.now + timedelta(minutes=16)))

    first = erasure.erase_due(SUB)
    world.bucket.put(key, "v3")
    world.now += timedelta(minutes=15)
    second = erasure.erase_due(SUB)
    world.bucket.put(key, "v4")
    world.now += timedelta(minutes=1)
    third = erasure.erase_due(SUB)

    assert [first.outcome, second.outcome, third.outcome] == [
        Outcome.WAITING,
        Outcome.WAITING,
        Outcome.ERASED,
    ]
    assert remaining_keys(world, SUB) == []


def test_time_to_wait_survives_the_deletion_of_the_items(moto_world, erasure, add_content):
    """A run that reads the items after another run has deleted them uses the time of the receipt."""
    world = moto_world
    world.add_user(SUB, with_canaries=False)
    until = record.timestamp(world.now + timedelta(minutes=16))
    add_content(SUB, "third", until)
    erasure.erase_due(SUB)
    stale = world.receipts.read(SUB)
    [media] = [store for store in erasure.stores if store.name == "media_files"]

    assert stale.stores["media_files"]["waitUntil"] == until
    assert media._wait_until(_work(world, replace(stale, stores={}))) == until


def _work(world, receipt):
    return StoreWork(receipt, "media_files", world.receipts, lambda: world.now, lambda: None)


def test_stack_without_content_has_no_such_store(world):
    names = [store.name for store in world.erasure.stores]

    assert "media_files" not in names
