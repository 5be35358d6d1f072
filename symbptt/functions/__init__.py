"""Functions of single numbers, functions of whole vectors, losses: a row each."""
