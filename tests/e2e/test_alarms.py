"""Alarms on the functions' own metrics: what a function logs raises the alarm that watches it."""

import pytest

pytestmark = pytest.mark.backends("embedded")


def test_lost_registration_raises_its_alarm(client, stack, deny, eventually):
    """Table and queue refuse: the user is in neither, and the alarm is the only notice."""
    user = client.sign_up()
    deny("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:TransactWriteItems", "sqs:SendMessage")
    cloudwatch = stack.aws("cloudwatch")
    name = stack.get_resource_id("aws:cloudwatch/metricAlarm:MetricAlarm", "post-confirmation-lost")

    client.confirm(user)

    def is_alarm_raised():
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return alarm["StateValue"] == "ALARM"

    eventually("the alarm", is_alarm_raised)
