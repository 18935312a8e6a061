"""Survey files of other people's making, one package or module a format."""
