"""Training: steps, optimisers, window sampling, validation, checkpoints, and several processes.

`trainer` runs a training, `step` one optimisation step, `sampler` draws batches; `distributed` and `fsdp` share the work.
"""
