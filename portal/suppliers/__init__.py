"""The supplier's desk: what needs an answer, and answering it."""
