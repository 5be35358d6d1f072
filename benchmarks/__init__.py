"""Measurements: of symbptt itself (`cost`) and of what it writes (`speed`)."""
