"""PyTorch's own answer to what torch-c3d computed: reads requests, runs the same networks with torch.nn.functional,
and writes their tensors as safetensors for the tests to compare.

usage: reference.py REQUEST.json OUTPUT.safetensors [REQUEST.json OUTPUT.safetensors ...]
"""

import json
import struct
import sys

import numpy
import torch
import torch.nn.functional as F


def read_tensors(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(data[begin:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors


def write_tensors(path, tensors):
    header, chunks, offset = {}, [], 0
    for name, tensor in tensors.items():
        chunk = tensor.detach().to(torch.float32).contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(chunk)]}
        chunks.append(chunk)
        offset += len(chunk)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def forward(architecture, state, x, training, frozen=()):
    """Logits, or where the architecture has no classifier what its last layer gives. `frozen`: convolutions whose batch
    norm keeps to its running statistics in training."""
    for layer in architecture["layers"]:
        name = layer["name"]
        if layer["type"] == "conv":
            padding = [size // 2 for size in layer["kernel"]]
            x = F.conv3d(x, state[name + ".weight"], state[name + ".bias"], padding=padding)
            if layer["batchNorm"]:
                bn = name + "_bn."
                x = F.batch_norm(
                    x, state[bn + "running_mean"], state[bn + "running_var"], state[bn + "weight"], state[bn + "bias"],
                    training=training and name not in frozen,
                )
            x = F.relu(x)
        elif layer["type"] == "pool":
            padding = [0, 1, 1] if layer["rounding"] == "pad" else 0
            x = F.max_pool3d(x, layer["kernel"], layer["kernel"], padding, ceil_mode=layer["rounding"] == "ceil")
        else:
            assert layer["dropout"] == 0 or not training
            x = F.relu(F.linear(x.flatten(1), state[name + ".weight"], state[name + ".bias"]))
    classifier = architecture.get("classifier")
    if classifier is None:
        return x
    return F.linear(x.flatten(1), state[classifier + ".weight"], state[classifier + ".bias"])


def gradients(request, state, parameters):
    """Logits, loss and every gradient of one batch, as at inference (no dropout, running statistics)."""
    with torch.autocast("cpu", torch.bfloat16, enabled=request.get("autocast", False)):
        logits = forward(request["architecture"], state, request["input"], training=False)
        labels = request["labels"]
        loss_of_labels = F.cross_entropy if labels.dim() == 1 else F.binary_cross_entropy_with_logits
        loss = loss_of_labels(logits, labels)
    loss.backward()
    answer = {"logits": logits, "loss": loss.reshape(1)}
    answer.update({"gradient." + name: parameter.grad for name, parameter in parameters.items()})
    return answer


def batch_norm(request, state, parameters):
    """Loss and every gradient of the last of some equal passes by the batch's own statistics (without dropout), and the
    running ones after them; then logits and gradients by those. In float64 if asked."""
    number = torch.float64 if request.get("double") else torch.float32
    state = {name: tensor.detach().to(number) for name, tensor in state.items()}
    frozen, x, labels = request.get("frozen", []), request["input"].to(number), request["labels"]
    trained = [name for name in parameters if name.rsplit(".", 1)[0].removesuffix("_bn") not in frozen]

    def gradients_of(training, names):
        for name in parameters:
            state[name] = state[name].detach().requires_grad_(name in names)
        logits = forward(request["architecture"], state, x, training, frozen)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        return logits, loss, {name: state[name].grad for name in names}

    for _ in range(request.get("passes", 1)):
        _, loss, gradients = gradients_of(True, trained)
    answer = {"loss": loss.reshape(1), **{"gradient." + name: gradient for name, gradient in gradients.items()}}
    answer.update({"running." + name: tensor for name, tensor in state.items() if ".running_" in name})
    logits, _, gradients = gradients_of(False, list(parameters))
    answer.update({"inference." + name: gradient for name, gradient in gradients.items()})
    return {**answer, "logits": logits}


def grad_cam(request, state, parameters):
    """Selvaraju et al., ICCV 2017, equations 1 and 2; the gradient is autograd's, of the whole network."""
    architecture, x = request["architecture"], request["input"]
    names = [layer["name"] for layer in architecture["layers"]]
    split = names.index(request["layer"]) + 1
    activations = forward({"layers": architecture["layers"][:split]}, state, x, training=False)
    logits = forward({**architecture, "layers": architecture["layers"][split:]}, state, activations, training=False)
    score = logits[range(len(logits)), request["labels"]].sum()
    (gradient,) = torch.autograd.grad(score, activations)
    weights = gradient.mean(dim=(2, 3, 4), keepdim=True)
    maps = F.relu((weights * activations).sum(1, keepdim=True))
    heat = F.interpolate(maps, request["input"].shape[2:], mode="trilinear", align_corners=False)
    return {"logits": logits, "map": maps, "heat": heat}


class DeconvolutionRelu(torch.autograd.Function):
    """A ReLU whose backward is Zeiler and Fergus's, or the guided one."""

    @staticmethod
    def forward(context, x, guided):
        context.guided = guided
        context.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(context, signal):
        (x,) = context.saved_tensors
        signal = signal.relu()
        return signal * (x > 0) if context.guided else signal, None


def deconvolution(request, state, parameters):
    """The same signal by autograd: the gradient of the largest activation times itself, with other ReLUs."""
    architecture, clips = request["architecture"], request["input"].requires_grad_()
    relu = F.relu
    F.relu = lambda x: DeconvolutionRelu.apply(x, request["rule"] == "guided")
    try:
        names = [layer["name"] for layer in architecture["layers"]]
        part = architecture
        if request["layer"] in names:
            part = {"layers": architecture["layers"][: names.index(request["layer"]) + 1]}
        x = forward(part, state, clips, training=False)
        values, places = x[:, request["filter"]].reshape(len(x), -1).max(1)
        (signal,) = torch.autograd.grad((values * values.detach()).sum(), clips)
    finally:
        F.relu = relu
    shape = x.shape[2:] if x.dim() == 5 else (1, 1, 1)
    place = torch.stack(torch.unravel_index(places, shape), 1).float()
    return {"activation": values, "place": place, "projection": signal}


def multipliers(config, name):
    """Factors of the learning rate and of the weight decay for one parameter."""
    layer, kind = name.rsplit(".", 1)
    norm = layer.endswith("_bn")
    rate = config["layers"].get(layer.removesuffix("_bn"), {"learningRate": 1})["learningRate"]
    if norm:
        return rate, config["normWeightDecay"]
    return (rate * config["biasLearningRate"], config["biasWeightDecay"]) if kind == "bias" else (rate, 1)


def loss_of(config, logits, labels):
    loss = config["loss"]
    if labels.dim() == 2:
        return binary_loss(loss, logits, labels)
    weights = torch.tensor(loss["classWeights"]) if loss["classWeights"] else None
    if loss["focalGamma"] == 0:
        return F.cross_entropy(logits, labels, weights, label_smoothing=loss["labelSmoothing"])
    p = F.softmax(logits, 1).gather(1, labels[:, None])[:, 0]
    weight = torch.ones(len(labels)) if weights is None else weights[labels]
    return (weight * (1 - p) ** loss["focalGamma"] * -p.log()).sum() / weight.sum()


def binary_loss(loss, logits, targets):
    weights = torch.tensor(loss["positiveWeights"]) if loss["positiveWeights"] else None
    if loss["focalGamma"] == 0:
        smoothed = targets * (1 - loss["labelSmoothing"]) + loss["labelSmoothing"] / 2
        return torch.nn.BCEWithLogitsLoss(pos_weight=weights)(logits, smoothed)
    # torchvision.ops.sigmoid_focal_loss with alpha < 0, and the weights of the positives.
    p = torch.sigmoid(logits)
    each = F.binary_cross_entropy_with_logits(logits, targets, reduction="none", pos_weight=weights)
    p_t = p * targets + (1 - p) * (1 - targets)
    return (each * (1 - p_t) ** loss["focalGamma"]).mean()


def mixed(mix, clips, labels, classes):
    """Clips and soft targets of a step: `order` of the clips, then MixUp or CutMix with their partners."""
    share, partners, box = mix["share"], mix["partners"], mix["box"]
    clips = clips[mix["order"]]
    targets = (labels if labels.dim() == 2 else F.one_hot(labels, classes).float())[mix["order"]]
    others = clips[partners]
    if box is None:
        clips = share * clips + (1 - share) * others
    else:
        x, y, width, height = box
        clips = clips.clone()
        clips[..., y : y + height, x : x + width] = others[..., y : y + height, x : x + width]
    clips = clips.contiguous(memory_format=torch.channels_last_3d)
    return clips, share * targets + (1 - share) * targets[partners]


def soft_loss(config, logits, targets, labels):
    """Of soft targets; with class weights, divided by the sum of the clips' weights as for hard ones."""
    if labels.dim() == 2:
        return binary_loss(config["loss"], logits, targets)
    loss = config["loss"]
    weights = torch.tensor(loss["classWeights"]) if loss["classWeights"] else None
    mean = F.cross_entropy(logits, targets, weights, label_smoothing=loss["labelSmoothing"])
    return mean if weights is None else mean * len(labels) / weights[labels].sum()


class CaffeSgd:
    """SGDSolver and NesterovSolver of Caffe's solver.cpp, written plainly; the same use as torch.optim.SGD."""

    def __init__(self, groups, lr, momentum, weight_decay, nesterov):
        self.param_groups = groups
        self.momentum, self.nesterov = momentum, nesterov
        self.history = [torch.zeros_like(parameter) for group in groups for parameter in group["params"]]

    def zero_grad(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    @torch.no_grad()
    def step(self):
        for i, group in enumerate(self.param_groups):
            (parameter,) = group["params"]
            difference = parameter.grad + group["weight_decay"] * parameter
            before = self.history[i]
            self.history[i] = self.momentum * before + group["lr"] * difference
            update = self.history[i]
            if self.nesterov:
                update = (1 + self.momentum) * self.history[i] - self.momentum * before
            parameter -= update


def train(request, state, parameters):
    """Weights after full-batch steps, one for each of the given learning rates."""
    config = request["training"]
    groups = []
    for name, parameter in parameters.items():
        rate, decay = multipliers(config, name)
        if rate == 0:
            parameter.requires_grad_(False)
        else:
            groups.append({"params": [parameter], "factor": rate, "weight_decay": config["weightDecay"] * decay})
    form = {"pytorch": torch.optim.SGD, "caffe": CaffeSgd}[config["form"]]
    optimizer = form(groups, lr=1, momentum=config["momentum"], weight_decay=0, nesterov=config["nesterov"])
    losses = []
    labels = request["labels"]
    for step, learning_rate in enumerate(config["rates"]):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * group["factor"]
        optimizer.zero_grad()
        if config["mixes"] is None:
            loss = loss_of(config, forward(request["architecture"], state, request["input"], True), labels)
        else:
            clips, targets = mixed(config["mixes"][step], request["input"], labels, config["classes"])
            loss = soft_loss(config, forward(request["architecture"], state, clips, True), targets, labels)
        loss.backward()
        if config["maxGradientNorm"] is not None:
            trained = [parameter for group in groups for parameter in group["params"]]
            torch.nn.utils.clip_grad_norm_(trained, config["maxGradientNorm"])
        optimizer.step()
        losses.append(loss.item())
    return {**state, "losses": torch.tensor(losses)}


def answer(request_path, output_path):
    with open(request_path) as file:
        request = json.load(file)
    state = read_tensors(request["weights"])
    # In the memory format that torch-c3d computes in, so that both run the same kernels: in another format sums round
    # differently, and where two inputs of a pooling window are nearly equal the gradient takes the other way.
    for name, tensor in state.items():
        if tensor.dim() == 5:
            state[name] = tensor.contiguous(memory_format=torch.channels_last_3d)
    clips = torch.from_numpy(numpy.fromfile(request["input"], dtype="<f4").reshape(request["shape"]))
    request["input"] = clips.contiguous(memory_format=torch.channels_last_3d)
    request["labels"] = torch.tensor(request["labels"])
    if request["labels"].dim() == 2:
        request["labels"] = request["labels"].float()
    parameters = {name: tensor.requires_grad_() for name, tensor in state.items() if ".running_" not in name}
    tasks = {
        "gradients": gradients,
        "batch-norm": batch_norm,
        "train": train,
        "grad-cam": grad_cam,
        "deconvolution": deconvolution,
    }
    tensors = tasks[request["task"]](request, state, parameters)
    write_tensors(output_path, tensors)


if __name__ == "__main__":
    paths = sys.argv[1:]
    for request_path, output_path in zip(paths[::2], paths[1::2]):
        answer(request_path, output_path)
