"""A person's own backward pass: called in a process of its own, and examined."""
