"""A GAN of convolutions (Radford, Metz & Chintala 2016): G enlarges by transposed convolutions, D shrinks by strides.

G, D = dcgan.Generator(), dcgan.Discriminator(norm="spectral")
step = gan.make_step(G, D, train.Update(G, adam_g, run=run), train.Update(D, adam_d, run=run), run)

    sizes.py      enlarged   plan              what size comes out, and which maps lie between z and the picture
                  overlaps                     how many stamps each pixel gets: where checkerboards come from
    networks.py   Generator   Discriminator    the pair, for 28, 32, 64 … pixels, grey or colour
                  start                        weights from N(0, 0.02²)
    sampling.py   measured                     a copy for drawing, with statistics of batch norm of its own
"""

from companion.nets.dcgan.networks import NORMS, Discriminator, Generator, start
from companion.nets.dcgan.sampling import measured
from companion.nets.dcgan.sizes import Plan, enlarged, overlaps, plan

__all__ = ["NORMS", "Discriminator", "Generator", "Plan", "enlarged", "measured", "overlaps", "plan", "start"]
