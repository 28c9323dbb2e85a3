"""Does the work of peer.mjs with PyTorch, as its users write it: eagerly as in most code; in channels_last_3d and
compiled as its performance guide tells them."""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

LOWER = {"bfloat16": torch.bfloat16, "float16": torch.float16}
MATRIX = 8192


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


def memory_format(work):
    return torch.contiguous_format if work["way"] == "eager" else torch.channels_last_3d


def configure(work):
    torch.set_num_threads(work["threads"])
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = work["precision"] == "tf32"
    torch.backends.cudnn.allow_tf32 = work["precision"] == "tf32"


def autocast(work, device):
    lower = LOWER.get(work["precision"])
    return torch.autocast(device.type, lower or torch.bfloat16, enabled=lower is not None)


def source_of_input(work, device):
    """A function that gives the batch: from memory of its own on the CPU; on a GPU from the host's, pinned as data
    loaders do it, unless it is to lie on the device already. For a training step it is pixels there."""
    size = work["architecture"]["input"]
    shape = [work["clips"], 3, size["frames"], size["height"], size["width"]]
    if device.type == "cpu":
        clips = (2 * torch.rand(shape) - 1).to(memory_format=memory_format(work))
        return lambda: clips
    if work["task"] == "step":
        stored = torch.randint(0, 256, shape, dtype=torch.uint8)
    else:
        stored = 2 * torch.rand(shape) - 1
    stored = stored.to(memory_format=memory_format(work)).pin_memory()
    if work["resident"]:
        stored = stored.to(device)
    mean, scale = work["preprocessing"]["mean"], work["preprocessing"]["scale"]
    mean = torch.tensor(mean, device=device).view(1, 3, 1, 1, 1)

    def give():
        clips = stored.to(device, non_blocking=True)
        return clips.float().sub_(mean).mul_(scale) if work["task"] == "step" else clips

    return give


def prepare(work):
    configure(work)
    device = torch.device(work["device"])
    model = network(work["architecture"], work["classes"])
    model = model.to(device, memory_format=memory_format(work))
    clips = source_of_input(work, device)
    labels = torch.arange(work["clips"], device=device) % work["classes"]
    on_gpu = device.type == "cuda"
    if work["task"] == "forward":
        model.eval()
        if work["way"] == "compile" and not on_gpu:
            from torch._inductor import config

            config.freezing = True
    compute = torch.compile(model) if work["way"] == "compile" else model
    # The fused update is the faster one on GPUs, and needs asking for.
    fused = {"fused": True} if on_gpu and work["way"] != "eager" else {}
    optimizer = torch.optim.SGD(model.parameters(), 1e-6, momentum=0.9, weight_decay=5e-4, **fused)
    scaler = torch.amp.GradScaler(device.type, enabled=work["precision"] == "float16")

    def forward():
        with torch.no_grad(), autocast(work, device):
            # An answer is wanted on the CPU.
            compute(clips()).float().cpu()

    def step():
        optimizer.zero_grad()
        with autocast(work, device):
            loss = F.cross_entropy(compute(clips()), labels)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    def run(times):
        for _ in range(times):
            (forward if work["task"] == "forward" else step)()
        if on_gpu:
            torch.cuda.synchronize(device)

    return run


def device_facts(name, precisions):
    """What a GPU is called, and its rates of a product of two large matrices, in operations a second."""
    device = torch.device(name)
    peaks = {}
    for precision in precisions:
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        a, b = (torch.randn(MATRIX, MATRIX, device=device, dtype=LOWER.get(precision)) for _ in range(2))
        times = []
        for _ in range(10):
            torch.cuda.synchronize(device)
            began = time.perf_counter()
            for _ in range(4):
                a @ b
            torch.cuda.synchronize(device)
            times.append((time.perf_counter() - began) / 4)
        peaks[precision] = 2 * MATRIX**3 / min(times)
    return {"name": torch.cuda.get_device_name(device), "pytorch": torch.__version__, "peaks": peaks}


def most_memory(name):
    """Bytes: of the device's that tensors took, or of the process where it is the CPU."""
    device = torch.device(name)
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def answer(value):
    print(json.dumps(value), flush=True)


run = None
for line in sys.stdin:
    question = json.loads(line)
    if "facts" in question:
        answer(device_facts(question["facts"], question["precisions"]))
    elif "memory" in question:
        answer({"bytes": most_memory(question["memory"])})
    elif "run" in question:
        began = time.perf_counter()
        run(question["run"])
        answer({"seconds": time.perf_counter() - began})
    else:
        run = prepare(question)
        answer({})
