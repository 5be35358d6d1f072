"""The catalogue of the seed documents, row by row: printed, proved, compared."""
