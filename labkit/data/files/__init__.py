"""Image files, archives and folders: found, fetched, unpacked, checked, read."""
