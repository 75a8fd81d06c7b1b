"""Figures in one style, and widgets. Made for notebooks; every function returns what it drew."""
