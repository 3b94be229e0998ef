"""Networks and their losses; nothing about training. One file, one idea:

mlp     layers of weighted sums and bends, and their gradients by hand
cnn     the same small weights at every place of a picture: correlation, pooling, a classifier of 93,322 parameters,
        what it sees, and how sure it may be
rnn     the same weights at every moment: the recurrence, its gradients through time, and cells with gates
"""
