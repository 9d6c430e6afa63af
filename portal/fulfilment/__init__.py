"""The warehouse: receive, pick, pack, ship, hand over."""
