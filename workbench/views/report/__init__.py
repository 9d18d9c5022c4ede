"""Evaluation reports as figures, tables, sentences and one HTML file."""
