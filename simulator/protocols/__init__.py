"""How one interview or task proceeds, a protocol a file."""
