"""The time of each text message."""

import time

from pulumi_localaws.local.text_messages import TimedRecords


def test_each_message_has_the_time_at_which_it_was_sent():
    records = TimedRecords([{"Message": "restored"}])
    started_at = time.time()

    records.append({"Message": "new"})

    assert records[0] == {"Message": "restored"}
    assert records[1]["Message"] == "new"
    assert started_at <= records[1]["Timestamp"] <= time.time()
