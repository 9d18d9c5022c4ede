"""Configuration: frozen dataclasses, the limits of a single value, registries of parts, and schemas of JSON files.

`settings` builds dataclasses from text or JSON, `fields` gives a field its help text, `limits` checks one value, `registry`
finds interchangeable parts by their file names, `schema` checks JSON with msgspec.
"""
