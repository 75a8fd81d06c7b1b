"""The tested package behind the workbook of unpaired image-to-image translation.

Importing `labkit` does no work: torch and Jupyter are imported by the modules that need them.
"""

__version__ = "0.1.0"
