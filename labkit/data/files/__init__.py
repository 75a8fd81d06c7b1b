"""Image files: found, fetched, unpacked, read."""
