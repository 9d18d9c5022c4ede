"""Settings: limits of a single choice, and frozen dataclasses built from what a person types or a JSON file holds.

`limits` checks one value, `settings` builds dataclasses, `registry` finds interchangeable parts by their file names.
"""
