"""Learning to turn one token sequence into another, in Keras: processors, batches, models, training aids, decoding.

Knows no mathematics and imports no other package but `runtime`. Only `processors` imports TensorFlow; the rest runs on any backend of
Keras that has `ops.while_loop`.
"""
