"""Features in, number out: how good is a generator? One file, one idea:

features           what a trained network sees in pictures, and what it says they are
fid                distance of two clouds of features by their means and covariances alone
kid                the same without an assumption about their shape, and with an error bar
precision_recall   are the generated ones among the real ones, and the real ones among the generated?
modes              how many modes are found, and how evenly
by_classifier      is it the digit that was asked for? does a classifier learn as much from it as from real ones?
memorization       are they new, or copies of what was trained on?
likelihood         how probable does a model find data that it has not seen, by importance sampling
parzen             the stand-in for a likelihood that is still found in tables, to show why not
quiz               can people tell? questions, and what their answers are worth

rows               what all of them ask of their input, and distances block by block

NumPy arrays and torch tensors on any device, one point a row; pictures and networks only where their names say so.
Whatever the precision of the input, sums are made in float64: differences of nearly equal numbers are what these files
are about.
"""
