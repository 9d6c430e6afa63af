"""What the planning desk reads: bounded, keyset-paginated, the same number of queries for one row or many."""
