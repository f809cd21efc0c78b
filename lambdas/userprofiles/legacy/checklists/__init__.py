"""Checklists of an import as code: before the full load, and after the cut-over."""
