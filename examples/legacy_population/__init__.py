"""The users of an old application that never existed: a seeded generator whose truth is known.

Tests, benchmarks and the demo share it. `Population` yields the documents that a MongoDB of the old
application would have, `write_dump` and `write_export` write them as MongoDB's tools do, and `count_truth`
counts what an import must do with them.
"""
