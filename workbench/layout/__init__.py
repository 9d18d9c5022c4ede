"""Pieces that several pages lay out alike: choosers, tables with their code, and jobs with their progress."""
