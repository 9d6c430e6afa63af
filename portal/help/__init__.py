"""What things mean, and whom to ask."""
