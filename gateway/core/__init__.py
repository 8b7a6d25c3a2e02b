"""What every part of Portico agrees on: the Store contract, its types and errors, and rules that need no I/O."""
