"""What came out: metrics and reports over a store, read-only."""
