"""What `userprofiles erase` prints: results and receipts, as text or JSON. It has no personal data."""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from userprofiles.backfill.command.output import Output
from userprofiles.lifecycle.erasure.erasure import Erasure
from userprofiles.lifecycle.erasure.receipts import Receipt
from userprofiles.lifecycle.erasure.stores.store import CheckStop

FAILED = "failed"


def print_user(sub: str, result: str, receipt: Receipt | None, *, as_json: bool) -> None:
    """Print the result of one user, and the receipt."""
    if as_json:
        document = {"userId": sub, "result": result, "receipt": receipt.document() if receipt else None}
        Output().write(json.dumps(document, indent=2) + "\n")
        return
    lines = [f"{sub}: {result}"]
    if receipt is not None:
        lines += [f"  {_format_store(name, receipt)}" for name in sorted(receipt.stores)]
        lines += [f"  receipt: {receipt.hash}"] if receipt.hash else []
    Output().write("\n".join(lines) + "\n")


def _format_store(name: str, receipt: Receipt) -> str:
    entry = receipt.stores[name]
    state = f"erased at {entry['doneAt']}" if receipt.is_store_done(name) else "not complete"
    return f"{name}: {entry.get('found', 0):,} items, {state}"


def print_replay(
    erasure: Erasure, receipts: Sequence[Receipt], results: Mapping[str, str], values: argparse.Namespace
) -> None:
    """Print the users who are back, and the result of each; without results, that of a dry run."""
    users = [{"userId": receipt.sub, "result": results.get(receipt.sub, "")} for receipt in receipts]
    if values.json:
        document = {"table": erasure.users_table, "dryRun": values.dry_run, "users": users}
        Output().write(json.dumps(document, indent=2) + "\n")
        return
    lines = [f"{user['userId']}  {user['result'] or 'not erased'}" for user in users]
    counts = Counter(user["result"].partition(":")[0] for user in users if user["result"])
    summary = ", ".join(f"{name}: {count:,}" for name, count in sorted(counts.items()))
    lines.append(f"Erased users who exist again: {len(users):,}. {summary}".rstrip())
    Output().write("\n".join(lines) + "\n")


def print_receipts(receipts: Iterable[Receipt], check_stop: CheckStop, *, as_json: bool) -> None:
    """Print all receipts, one line for each. As JSON, they are one document."""
    Output().write_all(_json_lines(receipts, check_stop) if as_json else _text_lines(receipts, check_stop))


def _json_lines(receipts: Iterable[Receipt], check_stop: CheckStop) -> Iterator[str]:
    yield '{"receipts": ['
    for number, receipt in enumerate(receipts):
        check_stop()
        yield f"{',' if number else ''}\n  {json.dumps(receipt.document())}"
    yield "\n]}\n"


def _text_lines(receipts: Iterable[Receipt], check_stop: CheckStop) -> Iterator[str]:
    states: Counter[str] = Counter()
    for receipt in receipts:
        check_stop()
        states[receipt.state] += 1
        items = sum(entry.get("found", 0) for entry in receipt.stores.values())
        open_stores = [name for name in sorted(receipt.stores) if not receipt.is_store_done(name)]
        line = (
            f"{receipt.started_at}  {receipt.state:<4}  {receipt.sub}  runs: {receipt.runs}  items: {items:,}"
        )
        yield line + (f"  not complete: {', '.join(open_stores)}" if open_stores else "") + "\n"
    yield f"Receipts: {states.total():,}. Open: {states['OPEN']:,}.\n"
