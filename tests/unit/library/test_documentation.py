"""The examples of docs/library.md run, one after the other."""

import re
from pathlib import Path

from userprofiles import library

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "library.md"


def test_examples_run(create_client, pool, monkeypatch, capsys, log):
    connected_with = []

    def connect(**arguments):
        library.profile_client.connect(**arguments)
        connected_with.append(arguments)
        return create_client(arguments["template"])

    monkeypatch.setattr(library, "connect", connect)
    monkeypatch.setattr(library, "install_log_handler", lambda *, testing_mode: None)
    names = {"user_id": pool.add(email="user@example.com")}

    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, names)

    out = capsys.readouterr().out.splitlines()
    assert connected_with[0]["template"] == "career"
    assert out[0].startswith("Profile created: ")
    assert out[1:] == [
        "Experience: 0 years",
        "Level: entry",
        "Complete: True",
        "Completion: 100%",
        "Missing fields: []",
        "Profile complete: True",
        "Email: user@example.com",
        "Profile complete: True",
        "Profile already exists",
    ]
