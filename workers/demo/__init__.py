"""The demo company: made up from a seed, brought in through the same services as anybody's data."""
