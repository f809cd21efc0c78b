"""Use a local AWS in a hostile environment, and print the addresses that the processes connected to."""

import json
import socket
import sys
from typing import Any

import psutil
from owner_program import create_function
from pulumi_localaws.local_aws import LocalAws

FUNCTION = """
import os, sys
addresses = []
sys.addaudithook(lambda event, args: addresses.append(args[1]) if event == "socket.connect" else None)
import botocore.session

def handler(event, context):
    tables = botocore.session.get_session().create_client("dynamodb").list_tables()["TableNames"]
    return {"tables": tables, "addresses": addresses, "environment": dict(os.environ)}
"""

addresses: list[Any] = []


def record_address(event: str, arguments: tuple[Any, ...]) -> None:
    """Record every address that this process connects to."""
    if event == "socket.connect" and arguments[0].family != socket.AF_UNIX:
        addresses.append(arguments[1])


def main() -> None:
    """Create a table, and list the tables from this process and from a function."""
    sys.addaudithook(record_address)
    with LocalAws() as aws:
        dynamodb = aws.client("dynamodb")
        dynamodb.create_table(
            TableName="users",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        )
        tables = dynamodb.list_tables()["TableNames"]
        allow = {"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*"}
        create_function(aws, "lister", FUNCTION, {"Version": "2012-10-17", "Statement": [allow]})
        response = aws.client("lambda").invoke(FunctionName="lister")
        function = json.loads(response["Payload"].read())
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        report = {
            "port": aws.port,
            "tables": tables,
            "addresses": addresses,
            "function": function,
            "environments": {f"{p.name()} {p.pid}": p.environ() for p in family[1:]},
            "peers": [c.raddr for p in family for c in p.net_connections("inet") if c.raddr],
        }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
