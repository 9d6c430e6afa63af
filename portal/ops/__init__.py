"""The installation as those who run it need to see it."""
