"""How a step becomes a run. Nothing here knows a model; torch.distributed under torchrun is the engine.

    runtime.py      launch() -> Runtime: which device, which precision, which of how many processes, which seed
    update.py       Update(net, optimizer): one network, one optimizer; averages gradients over processes, clips, steps
    loop.py         fit(step, batches): repeats the reader's step and reports; the body of your `for` is the callback
    ema.py          EMA(net, half_life=…): the running average of the weights, counted in images
    checkpoint.py   Checkpoint(path, net=…, …): what must survive, written aside, then renamed
    differences.py  why a checkpoint does not fit, in a sentence
    privacy/        PrivateUpdate: learning from many without telling of one; an accountant, and an attack

    run = train.launch(seed=0)
    update = train.Update(net, torch.optim.Adam(net.parameters()), run=run)
    checkpoint = train.Checkpoint("runs/cnn.pt", run=run, net=net, update=update)

    def step(x, y):
        loss = F.cross_entropy(net(x), y)
        update(loss)
        return {"loss": loss}

    for state in train.fit(step, batches, run=run, steps=3000, start=checkpoint.load()):
        if state.step % 500 == 0:
            checkpoint.save(state.step)

The same program runs on one processor, on a GPU, and under `torchrun --nproc-per-node 4` on several.
"""

from companion.train.checkpoint import Checkpoint
from companion.train.ema import EMA
from companion.train.loop import State, fit
from companion.train.runtime import Runtime, launch
from companion.train.update import Update

__all__ = ["EMA", "Checkpoint", "Runtime", "State", "Update", "fit", "launch"]
