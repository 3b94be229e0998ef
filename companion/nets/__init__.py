"""Networks and their losses; nothing about training. One file, one idea:

mlp     layers of weighted sums and bends, and their gradients by hand
cnn     the same small weights at every place of a picture: correlation, pooling, a classifier of 93,322 parameters,
        what it sees, and how sure it may be
rnn     the same weights at every moment: the recurrence, its gradients through time, and cells with gates
gan     a generator and a discriminator that learn from each other: losses, penalties, moves, and where the game ends
dcgan   transposed convolutions draw, convolutions judge: the pair, its sizes, and its samples
cgan    a generator that is told what to draw: the label to both networks, and which labels to make fakes of
spectral_norm   layers divided by their largest singular value; how steep a network can be, and is
lowrank   large layers as products of small ones, changes of low rank, and tables with holes filled by networks
vae     a code with a density: an encoder that guesses it, a decoder, and the bounds that both climb together
"""
