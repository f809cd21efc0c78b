"""A document that is written often: the newest complete version is read after a kill or on a full disk."""

import json
import resource
import stat

import pytest
from userprofiles.jobs.document_file import DocumentFile, read_document


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.json"


@pytest.fixture
def file(path):
    file = DocumentFile(path, max_bytes=200)
    yield file
    file.close()


@pytest.fixture
def limit_file_size():
    """Limit the size of each file, as a disk that becomes full does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_newest_version_is_read_and_the_file_stays_small_and_private(file, path):
    for number in range(50):
        file.write({"number": number, "text": "é\n"})

        assert read_document(path) == {"number": number, "text": "é\n"}
        assert path.stat().st_size <= 200
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_versions_are_appended_until_the_file_is_full(file, path):
    file.write({"number": 1})
    inode = path.stat().st_ino
    file.write({"number": 2})

    assert path.stat().st_ino == inode
    assert path.read_text() == '{"number": 1}\n{"number": 2}\n'


def test_interrupted_last_version_is_ignored_wherever_it_ends(file, path):
    """F21: the inserts of a version that a kill interrupted have not begun."""
    file.write({"number": 1})
    complete = path.read_bytes()
    file.write({"number": 2})
    both = path.read_bytes()

    for size in range(len(complete), len(both)):
        path.write_bytes(both[:size])
        assert read_document(path) == {"number": 1}


def test_new_process_after_an_interrupted_version_begins_a_new_file(path):
    path.write_text('{"number": 1}\n{"num')
    file = DocumentFile(path)

    file.write({"number": 2})
    file.write({"number": 3})
    file.close()

    assert path.read_text() == '{"number": 2}\n{"number": 3}\n'


def test_document_without_a_line_end_is_read(path):
    path.write_text(json.dumps({"number": 1}))

    assert read_document(path) == {"number": 1}


@pytest.mark.parametrize("text", ["", "\n", '{"number": 1', '{"number": 1}\nnot JSON\n'])
def test_damaged_file_is_an_error(path, text):
    path.write_text(text)

    with pytest.raises(ValueError, match="Expecting"):
        read_document(path)


def test_full_disk_keeps_the_previous_version_complete(file, path, limit_file_size):
    """No part of a version stays, so the next one is complete, too."""
    file.write({"number": 1})
    limit_file_size(path.stat().st_size + 5)
    with pytest.raises(OSError, match="File too large"):
        file.write({"number": 2, "text": "x" * 50})

    assert path.read_text() == '{"number": 1}\n'
    assert list(path.parent.iterdir()) == [path]
    limit_file_size(resource.RLIM_INFINITY)
    file.write({"number": 3})
    file.write({"number": 4})
    assert path.read_text() == '{"number": 3}\n{"number": 4}\n'


def test_version_that_does_not_fit_behind_the_others_replaces_them(file, path, limit_file_size):
    file.write({"number": 1})
    limit_file_size(path.stat().st_size + 5)
    file.write({"number": 2})

    assert path.read_text() == '{"number": 2}\n'
