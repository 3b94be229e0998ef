"""Large layers as products of small ones: networks made smaller, networks taught by small changes, tables completed.

One file, one idea:

    dense         dense                            W ≈ BA: one dense layer becomes two
    convolution   channels   spatial   tucker      the same for convolutions, in three ways
    counting      Count   counts   break_even      what the pieces multiply and keep, by formula
    whole         thin   outputs   split   allot   a whole network with thinner layers, and how thin each may get
    updates       Update   adapt   merge           W + BA: learn a small change of large weights
    completion    Embeddings   Perceptron          tables with holes, filled by networks
                  AutoRec   objective   masked
"""

from companion.nets.lowrank.completion import AutoRec, Embeddings, Perceptron, masked, objective
from companion.nets.lowrank.convolution import channels, spatial, tucker
from companion.nets.lowrank.counting import Count, break_even, counts
from companion.nets.lowrank.dense import dense
from companion.nets.lowrank.updates import Update, adapt, merge
from companion.nets.lowrank.whole import Thin, allot, outputs, split, thin

__all__ = [
    "AutoRec",
    "Count",
    "Embeddings",
    "Perceptron",
    "Thin",
    "Update",
    "adapt",
    "allot",
    "break_even",
    "channels",
    "counts",
    "dense",
    "masked",
    "merge",
    "objective",
    "outputs",
    "spatial",
    "split",
    "thin",
    "tucker",
]
