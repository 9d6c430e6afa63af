"""Orders: what customers see of their own, taking new ones, and the order as staff read it."""
