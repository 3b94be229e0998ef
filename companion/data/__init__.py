"""Pictures and ratings to factorize and to learn from.

    images.py      images(name, split)   any set of pictures below, as Images(x, y): uint8 (n, c, h, w) and int64 (n,)
    photos.py      photos()              two real photographs
    glyphs.py      glyphs.render(n)      printed digits with their known factors: the built-in set
    ratings.py     ratings.generate()    ratings with a known noise floor; ratings.load(path) reads MovieLens' files
    points.py      points.ring(n)        points in the plane around known middles: a ring of 8, a grid of 25
    weights.py     weights(name)         what the recipes trained on real MNIST; record(name) says how

What they stand on:

    typefaces.py   the outlines of 22 typefaces' digits       digits.py     scikit-learn's 8×8 handwriting
    distance.py    an outline as a field of signed distance   downloads.py  MNIST, its kin, CIFAR-10 through torchvision
    resize.py      the middle square, at another size         idx.py        MNIST's file format, checked
    cache.py       files written whole and read unchanged     folder.py     the reader's own pictures
    movielens.py   u.data, ratings.dat, ratings.csv, checked

What networks are fed; these three import torch, and are imported by name:

    batches.py     Batches, FolderBatches: in an order that (seed, epoch) fixes, shared by processes
    augment.py     warp(shift=…, turn=…, scale=…, bend=…, thick=…): pictures moved a little, on the device
    sequences.py   pictures as sequences, and the adding problem

Nothing else here imports torch, scikit-learn or matplotlib before a set needs it.
"""

from . import glyphs, points, ratings
from .images import NAMES, Images, images
from .photos import Photos, photos
from .weights import record, weight_names, weights

__all__ = [
    "NAMES",
    "Images",
    "Photos",
    "glyphs",
    "images",
    "photos",
    "points",
    "ratings",
    "record",
    "weight_names",
    "weights",
]
