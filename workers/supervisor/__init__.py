"""Starts the parts of an installation, watches them and stops them in the right order."""
