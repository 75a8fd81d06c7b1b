"""Behaviour checks for the exercises of the lessons, one module a lesson."""
