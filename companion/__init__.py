"""The package behind *From Matrices to Images*.

matrix/     X ≈ a product of smaller matrices: norms, svd, nmf, trifactor, recommender, gmm
nets/       networks and their losses, not their training: mlp, cnn, rnn, gan, dcgan, cgan, vae, spectral_norm, lowrank
evaluate/   features in, number out: is a generator good, various, honest? fid, kid, precision and recall, copies, …
train/      how a step becomes a run: devices, many processes, updates, checkpoints; knows no network
data/       pictures, ratings and sequences to work on, offline by default; batches of them; weights trained before
plot        the book's one figure style
exercises/  a checker for every exercise: run it on your answer
recipes/    long trainings that can be cut off and resumed: python -m companion.recipes.cnn --help

The course's chapters import these and print their sources. This page imports nothing, so that each part loads alone.
"""

__version__ = "0.1.0"
