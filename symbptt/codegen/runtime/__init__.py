"""What generated NumPy modules carry along: plain Python, copied function by function.

A module gets what its own lines name and what that calls (`symbptt.codegen.copying`), without
annotations. What differs from model to model is a name of `model`, which every module has of
its own. Nothing here is imported by a module.
"""
