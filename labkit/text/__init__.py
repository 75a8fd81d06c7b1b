"""Sentences instead of pictures: two toy languages, and their translation without a single pair."""
