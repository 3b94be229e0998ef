"""Variational autoencoders: p(x) = ∫ p(x|z) p(z) dz with a network for p(x|z), and another that guesses z from x.

Kingma & Welling (2014); Rezende, Mohamed & Wierstra (2014). One file, one idea:

    model         VAE                                  encoder, decoder, likelihood; sampling
    codes         draw   kl   log_normal   log_weights    codes from Gaussians with a diagonal covariance
    likelihoods   Bernoulli   ContinuousBernoulli   Gaussian      what the decoder's numbers say of a pixel
    networks      Dense, Conv encoders and decoders
    bounds        elbo   iwae   dreg                 what is maximized, never above log p(x)
    collapse      activity                             which code numbers are used, and which are dead
    expost        density                              a mixture of Gaussians over the codes, to sample from
"""

from companion.nets.vae.bounds import ELBO, dreg, elbo, iwae
from companion.nets.vae.codes import Draws, Posterior, draw, kl, log_normal, log_weights
from companion.nets.vae.collapse import Activity, activity
from companion.nets.vae.expost import density
from companion.nets.vae.likelihoods import LIKELIHOODS, Bernoulli, ContinuousBernoulli, Gaussian
from companion.nets.vae.model import VAE

__all__ = [
    "ELBO",
    "LIKELIHOODS",
    "VAE",
    "Activity",
    "Bernoulli",
    "ContinuousBernoulli",
    "Draws",
    "Gaussian",
    "Posterior",
    "activity",
    "density",
    "draw",
    "dreg",
    "elbo",
    "iwae",
    "kl",
    "log_normal",
    "log_weights",
]
