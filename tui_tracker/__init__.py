"""crypto-tui: watch every pair of a crypto exchange from the terminal, ranked by how much it moves."""

__version__ = "0.1.0"
