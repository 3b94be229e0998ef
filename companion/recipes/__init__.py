"""Long trainings, where the layers of the package meet. Each runs as a program and teaches by its --help:

python -m companion.recipes.cnn --images mnist --epochs 10 --out runs/cnn
python -m companion.recipes.cnn --out runs/cnn --resume          # goes on where it was cut off, to the last bit
torchrun --nproc-per-node 2 -m companion.recipes.cnn …           # the same on two processes or many machines

_options.py  what all of them can be told
_run.py      what all of them do: the folder, the log, the checkpoint, the pictures
_game.py     what those of two networks share: the players, their step, a judge
mlp.py       784-128-10 on pictures of digits
cnn.py       the classifier of 93,322 parameters
rnn.py       rows or pixels of pictures as sequences; the adding problem
gan.py       a generator against a discriminator, on pictures or on points whose modes can be counted
dcgan.py     transposed convolutions draw, convolutions judge; in bounds by batch norm or spectral norm
cgan.py      the same with a label for both: draw me a seven
vae.py       variational autoencoders, dense or convolutional; the ELBO or tighter bounds
"""
