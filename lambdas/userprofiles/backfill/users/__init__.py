"""Users read from rows: IDs, attributes, reasons to skip."""
