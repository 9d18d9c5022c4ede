"""Training objectives: loss functions, terms, and their weighted sum.

`losses` and `terms` hold one module each for a loss and a term, `objective` builds the sum that a recipe describes,
`masked_batch` and `outputs` are what a term is given.
"""
