"""Mutants: errors planted one at a time in everything that makes a module, and what finds them.

python -m tests.mutants            all, or what is left of them; writes docs/trust/mutants.json
python -m tests.mutants --most 2   two of a kind a function, nothing written
"""
