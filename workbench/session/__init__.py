"""One visitor's session: arguments, the shared selection, the URL, cached results, and what a page has open."""
