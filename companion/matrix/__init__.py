"""X ≈ a product of smaller matrices. One file, one idea:

norms         how large is a matrix, and how far can it stretch a vector?
svd           every matrix is a rotation, a stretch and a rotation
nmf           pictures as sums of parts, nothing taken away: W, H ≥ 0
trifactor     things in groups, and how the groups act on each other: WHWᵀ + b
recommender   a table of which most entries are unknown: ratings, clicks, pixels
gmm           a cloud of points as a few ellipsoids: a density to score, to complete and to draw from
"""
