"""Bad input: texts and arguments drawn at random, which meet documented errors and nothing else.

A generator takes a `random.Random`. `python -m tests.fuzz` gives it a seeded one, for speed and
numbers that name an input; Hypothesis gives it one of its own, which shrinks what fails.
"""
