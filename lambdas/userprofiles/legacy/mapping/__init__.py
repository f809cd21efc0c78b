"""The mapping file: which fields of the old documents become which values of a user."""
