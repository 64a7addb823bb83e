"""Door-to-door trips by every mode, and a safe way back."""
