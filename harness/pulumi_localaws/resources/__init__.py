"""Resource types that the engine can create, a module for each AWS service, and the catalog of all types."""
