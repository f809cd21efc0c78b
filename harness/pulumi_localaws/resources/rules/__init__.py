"""Rules of AWS that no service model contains, a module for each group of services, with their sources."""
