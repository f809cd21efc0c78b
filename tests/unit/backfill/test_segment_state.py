"""The progress of a segment."""

from userprofiles.backfill.segment_state import Chunk, SegmentState


def test_users_of_an_interrupted_chunk_stay_counted_until_their_rows_are_processed_again():
    """A chunk that is processed again can end earlier, because the new profiles are rows, too."""
    state = SegmentState(0, counted_keys=frozenset({"USER#a", "USER#b"}))

    state.advance(Chunk([], rows=1, cursor={"PK": "a"}, counted_keys=frozenset({"USER#a"})), state.meter)

    assert state.counted_keys == {"USER#b"}
