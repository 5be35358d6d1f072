"""The backward pass proved for all T and all sizes."""
