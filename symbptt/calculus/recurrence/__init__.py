"""Affine recurrences: recognised, unrolled, folded into a closed form, and proved."""
