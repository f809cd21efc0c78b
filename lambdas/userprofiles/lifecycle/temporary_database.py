"""A temporary SQLite database, so that memory does not grow with the number of users.

SQLite keeps at most 2 MB of pages in memory, and the rest in a file that it deletes when the database is
closed (https://www.sqlite.org/inmemorydb.html, "Temporary Databases").
"""

import sqlite3

_SETTINGS = """
PRAGMA temp_store = FILE;
PRAGMA cache_size = -2000;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
"""


def open_database(schema: str) -> sqlite3.Connection:
    """Create a database with some tables, and begin its only transaction."""
    database = sqlite3.connect("", isolation_level=None)
    database.executescript(f"{_SETTINGS}{schema}BEGIN;")
    return database
