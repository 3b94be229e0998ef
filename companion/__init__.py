"""The package behind *From Matrices to Images*.

matrix/     X ≈ a product of smaller matrices: norms, svd, nmf, trifactor, recommender, gmm
data/       pictures and ratings to work on, offline by default: images, photos, ratings
plot        the book's one figure style
exercises/  a checker for every exercise: run it on your answer

The course's chapters import these and print their sources. This page imports nothing, so that each part loads alone.
"""

__version__ = "0.1.0"
