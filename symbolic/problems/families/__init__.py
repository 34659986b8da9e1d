"""The families of random problems, and what they share."""
