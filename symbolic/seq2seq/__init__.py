"""Learning to turn one token sequence into another, in Keras: processors, batches, models, training aids, decoding.

The rules of a notation come in as plain arrays (`grammar`, `notation`). Of the other packages only `runtime` is
imported. Batches, models and searches run without TensorFlow, on any backend of Keras that has `ops.while_loop`.
Trained models also run in NumPy (`numpy_decoding`), without Keras; `translator` chooses.
"""
