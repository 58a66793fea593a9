"""What all tests share: one thread a process, so that two processes do not disturb each other."""

import torch

torch.set_num_threads(1)
