"""The recipes: one module for each kind of data."""
