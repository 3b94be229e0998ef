"""X ≈ a product of smaller matrices. One file, one idea:

norms   how large is a matrix, and how far can it stretch a vector?
svd     every matrix is a rotation, a stretch and a rotation
"""
