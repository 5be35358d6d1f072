"""Gradients of three recurrent networks as one writes them by hand: what symbptt is measured with.

`loops` has the usual loops over the steps; `tanh`, `lstm` and `gru` the fastest NumPy known here.
"""
