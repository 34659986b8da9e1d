"""What is learnt from trials: parameters, run folders, evaluation, plots.

The only room that knows both the mathematics (`expressions`, `problems`, `verification`) and the models (`seq2seq`).
"""
