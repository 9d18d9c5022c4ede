"""The pages of the app, a folder each: page.py chooses, computes and shows; panels and controls stand beside it."""
