"""Presentations: a script becomes slides, on the page and as one HTML file (`python -m workbench.present`)."""
