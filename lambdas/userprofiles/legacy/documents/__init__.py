"""Documents of the old database, from a dump, an export or a running MongoDB."""
