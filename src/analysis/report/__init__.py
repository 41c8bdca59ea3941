"""What notebooks show: one function, one figure, table, paragraph or answer of a survey."""
