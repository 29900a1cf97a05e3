"""What trained networks have learned, seen from the inside."""
