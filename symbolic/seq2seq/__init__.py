"""Learning to turn one token sequence into another, in Keras: processors, batches, models, training aids, decoding.

The rules of a notation come in as plain arrays (`grammar`, `notation`). Of the
other packages only `runtime` is imported. Text becomes ids by TensorFlow Text (`processors`, and so `translator` and
`export`); batches, models and searches run without TensorFlow, on any backend of Keras that has `ops.while_loop`.
"""
