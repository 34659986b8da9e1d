"""What an expression is: tokens and trees, the text that people type, SymEngine and SymPy expressions, and values."""
