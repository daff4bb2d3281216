"""GLM-ASR by continuous batching: one process, one device, no other serving system.

`loading` makes an engine of a checkpoint; `engine` is what the worker sees; `schedule` decides what
the device does next; `encoder`, `decoder` and `slots` run on the device. All but `loading` need
torch, transformers and numpy alone, so that they can be measured on a bare GPU machine.
"""
