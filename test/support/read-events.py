"""Reads a folder's event files as TensorBoard does, with its own package, or with Google's protocol buffers.

usage: read-events.py FOLDER       prints {tag: [[step, value], ...]} as JSON
       read-events.py --check      prints which of the two there is; fails where there is none
"""

import glob
import json
import struct
import sys


def by_tensorboard(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(folder, size_guidance={"scalars": 0})
    events.Reload()
    return {tag: [[event.step, event.value] for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def event_class():
    """tensorflow.Event, as far as these files use it, from a description of its fields."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto3")

    def message(name, *fields):
        made = file.message_type.add(name=name)
        for number, label, kind, of in fields:
            repeated = field.LABEL_REPEATED if of and of.endswith("*") else field.LABEL_OPTIONAL
            made.field.add(
                name=label, number=number, type=kind, label=repeated, type_name=".t." + of.rstrip("*") if of else None
            )

    message("Value", (1, "tag", field.TYPE_STRING, None), (2, "simple_value", field.TYPE_FLOAT, None))
    message("Summary", (1, "value", field.TYPE_MESSAGE, "Value*"))
    message("SessionLog", (1, "status", field.TYPE_INT32, None))
    message(
        "Event",
        (1, "wall_time", field.TYPE_DOUBLE, None),
        (2, "step", field.TYPE_INT64, None),
        (3, "file_version", field.TYPE_STRING, None),
        (5, "summary", field.TYPE_MESSAGE, "Summary"),
        (7, "session_log", field.TYPE_MESSAGE, "SessionLog"),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    descriptor = pool.FindMessageTypeByName("t.Event")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


def by_protobuf(folder):
    event_type = event_class()
    scalars = {}
    for path in sorted(glob.glob(folder + "/events.out.tfevents.*")):
        with open(path, "rb") as file:
            while header := file.read(12):
                (size,) = struct.unpack("<Q", header[:8])
                event = event_type.FromString(file.read(size))
                file.read(4)
                if event.session_log.status == 1:
                    scalars = {tag: [at for at in values if at[0] < event.step] for tag, values in scalars.items()}
                for value in event.summary.value:
                    scalars.setdefault(value.tag, []).append([event.step, value.simple_value])
    return scalars


def reader():
    try:
        import tensorboard  # noqa: F401

        return by_tensorboard
    except ImportError:
        import google.protobuf  # noqa: F401

        return by_protobuf


if __name__ == "__main__":
    read = reader()
    print(read.__name__ if sys.argv[1] == "--check" else json.dumps(read(sys.argv[1])))
