"""Audio: clips, streams, and where they come from."""
