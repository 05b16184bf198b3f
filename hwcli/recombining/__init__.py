"""New lines of writing set together from pieces of real ones, and from signs that no one had to write."""
