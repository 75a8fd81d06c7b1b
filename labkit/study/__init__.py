"""Studies: all arms of a lesson with several seeds, and what they recorded."""
