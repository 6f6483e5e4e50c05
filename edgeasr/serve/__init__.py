"""Services for the clients that people already have."""
