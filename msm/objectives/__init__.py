"""Losses and auxiliary terms, and the objective that a recipe makes of them.

`losses` compares predictions with targets, `objective` composes the terms, each term stands in a file of its kind.
"""
