"""Content of the old application: items, copies of its media, rewritten URLs and redirects."""
