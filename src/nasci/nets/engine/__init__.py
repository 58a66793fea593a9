"""Fast arithmetic behind the layers: same numbers as torch's own operations, by cheaper passes.

Functions of tensors that know nothing of networks; `docs/engine.md` explains them with figures.
"""
