"""Does the work of peer.mjs with PyTorch, as its users write it."""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


def network(architecture, classes):
    frames, height, width = (architecture["input"][key] for key in ("frames", "height", "width"))
    clip = torch.zeros(1, 3, frames, height, width)
    modules = nn.Sequential()
    flat = False
    with torch.no_grad():
        for layer in architecture["layers"]:
            added = []
            if layer["type"] == "conv":
                kernel = layer["kernel"]
                added.append(nn.Conv3d(clip.size(1), layer["filters"], kernel, padding=[k // 2 for k in kernel]))
                if layer.get("batchNorm"):
                    added.append(nn.BatchNorm3d(layer["filters"]))
                added.append(nn.ReLU(inplace=True))
            elif layer["type"] == "pool":
                padding = (0, 1, 1) if layer["rounding"] == "pad" else 0
                added.append(nn.MaxPool3d(layer["kernel"], padding=padding, ceil_mode=layer["rounding"] == "ceil"))
            else:
                if not flat:
                    added.append(nn.Flatten())
                    clip = clip.flatten(1)
                    flat = True
                added += [nn.Linear(clip.size(1), layer["units"]), nn.ReLU(inplace=True)]
                if layer.get("dropout"):
                    added.append(nn.Dropout(layer["dropout"]))
            for module in added:
                modules.append(module)
                # Shapes only: batch norm wants more than one value.
                clip = module.eval()(clip)
        if not flat:
            modules.append(nn.Flatten())
            clip = clip.flatten(1)
        modules.append(nn.Linear(clip.size(1), classes))
    return modules.train()


def autocast(work):
    kind = "cuda" if work["device"].startswith("cuda") else "cpu"
    return torch.autocast(kind, torch.bfloat16, enabled=work["precision"] == "bfloat16")


def prepare(work):
    torch.set_num_threads(work["threads"])
    device = torch.device(work["device"])
    model = network(work["architecture"], work["classes"]).to(device)
    size = work["architecture"]["input"]
    clips = torch.randn(work["clips"], 3, size["frames"], size["height"], size["width"], device=device)
    labels = torch.arange(work["clips"], device=device) % work["classes"]
    if work["way"] != "eager":
        model = model.to(memory_format=torch.channels_last_3d)
        clips = clips.to(memory_format=torch.channels_last_3d)
    if work["task"] == "forward":
        model.eval()
        if work["way"] == "compile":
            from torch._inductor import config

            config.freezing = True
    compute = torch.compile(model) if work["way"] == "compile" else model
    optimizer = torch.optim.SGD(model.parameters(), 1e-4, momentum=0.9, weight_decay=5e-4)

    def forward():
        with torch.no_grad(), autocast(work):
            compute(clips)

    def step():
        optimizer.zero_grad()
        with autocast(work):
            loss = F.cross_entropy(compute(clips), labels)
        loss.backward()
        optimizer.step()

    def run():
        (forward if work["task"] == "forward" else step)()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return run


def answer(value):
    print(json.dumps(value), flush=True)


run = None
for line in sys.stdin:
    question = json.loads(line)
    if question.get("memory"):
        answer({"bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss})
    elif question.get("run"):
        began = time.perf_counter()
        run()
        answer({"seconds": time.perf_counter() - began})
    else:
        run = prepare(question)
        answer({})
