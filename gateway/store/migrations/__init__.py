"""The tables' revisions, in order. A revision that has landed never changes."""
