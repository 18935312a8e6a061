"""What finishes a prompt, a backend a file or folder."""
