"""What benchmarks share: an installation of their own, a company in it, and a floor to compare with."""
