"""The bodies of the activities: each takes one service's transaction into the engine's world."""
