"""What the command line does, one module per command, each imported only when it is asked for."""
