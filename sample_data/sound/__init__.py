"""The sound of a film, made by code: voices, music and effects, mono at 24 kHz."""
