"""From a folder of embeddings to a verdict: each step of a first hour, beside what one would write by hand for it."""
