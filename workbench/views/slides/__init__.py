"""Presentations: the script, its slides as HTML, and one file that holds them all."""
