"""What an expression is: tokens, trees, the text that people write, and the engines that compute with it.

Knows nothing of problems, models or training, and never imports TensorFlow.
"""
