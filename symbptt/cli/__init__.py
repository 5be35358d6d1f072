"""The command line: verbs, their options, and what an exit status means.

A verb imports what it needs when it runs, so that ``symbptt --help`` loads neither
SymPy nor NumPy. The verbs stand in the order in which the modules below define them.
"""

from symbptt.cli import program, texts, proofs, teaching, studies  # isort: skip

main = program.main

__all__ = ["main", "program", "proofs", "studies", "teaching", "texts"]
