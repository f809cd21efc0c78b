"""Tests of the inserts that a checkpoint stores before they begin."""

import json

import pytest
from userprofiles.backfill.segment_state import Chunk, PlannedInserts, SegmentState
from userprofiles.backfill.targets.pending_inserts import PendingInserts

NOW, LATER = "2026-02-04T16:00:00Z", "2026-02-04T16:00:01Z"


def create(created_at, *keys):
    inserts = PendingInserts()
    inserts.add(created_at, keys)
    return inserts


def test_only_a_profile_with_key_and_time_of_an_insert_is_ours():
    inserts = create(NOW, "USER#a")
    inserts.add(LATER, ["USER#b"])

    assert inserts.contains("USER#a", NOW)
    assert inserts.contains("USER#b")
    assert not inserts.contains("USER#a", LATER)
    assert not inserts.contains("USER#c")


def test_counted_inserts_are_removed():
    inserts = create(NOW, "USER#a", "USER#b")

    assert inserts.remove({"USER#a"})
    assert inserts == create(NOW, "USER#b")
    assert not inserts.remove({"USER#a"})
    assert inserts.remove({"USER#b"})
    assert not inserts


def test_document_has_the_keys():
    inserts = create(NOW, "USER#a", "USER#b")

    document = json.loads(json.dumps(inserts.to_json()))

    assert document == {NOW: ["USER#a", "USER#b"]}
    assert PendingInserts.from_json(document) == inserts


@pytest.mark.parametrize("document", [{NOW: "123"}, {NOW: None}, [], {NOW: [5]}])
def test_damaged_document_is_refused(document):
    with pytest.raises((ValueError, TypeError, AttributeError)):
        PendingInserts.from_json(document)


def test_state_keeps_planned_inserts_until_their_users_are_counted():
    state = SegmentState(0)
    state.advance(Chunk([], planned_inserts=PlannedInserts(NOW, ["USER#a", "USER#b"])), state.meter)
    assert state.has_progress

    stored = SegmentState.from_json(state.to_json())
    stored.advance(Chunk([], counted_keys=frozenset({"USER#a"}), cursor={"PK": {"S": "a"}}), stored.meter)

    assert stored.pending_inserts == create(NOW, "USER#b")


def test_counted_keys_beyond_the_chunk_stay_counted():
    """A chunk that is processed again can end earlier, because the new profiles are rows, too."""
    state = SegmentState(0, counted_keys=frozenset({"USER#a", "USER#b"}))

    state.advance(Chunk([], counted_keys=frozenset({"USER#a"}), cursor={"PK": {"S": "a"}}), state.meter)

    assert state.counted_keys == {"USER#b"}
