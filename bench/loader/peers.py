"""Reads clips with PyAV or OpenCV, as the usual loaders do, for bench/loader/measure.mjs.

Answers each line of stdin, a JSON object, with one on stdout:
  {"libraries": true}                                  -> {"av": version or null, "cv2": version or null}
  {"library": "av" | "cv2", "videos": [{"file": …, "clips": [first frame, …]}], "together": bool,
   "byProcessor": bool, "frames": n, "width": w, "height": h}               -> {"seconds": s}

Clips are uint8 RGB (PyAV) or BGR (OpenCV) arrays [frames, height, width, 3]. With "together" a video is opened once for
all of its clips, in their order; otherwise once for each, in a random order. One thread.
"""

import json
import random
import sys
import time

import numpy

try:
    import av
except ImportError:
    av = None
try:
    import cv2

    cv2.setNumThreads(1)
except ImportError:
    cv2 = None


class AvVideo:
    """Seeks to the key frame before a time and decodes on to it."""

    def __init__(self, file):
        self.container = av.open(file, metadata_errors="ignore")
        self.stream = self.container.streams.video[0]
        self.stream.thread_type = "NONE"
        self.stream.codec_context.thread_count = 1

    def clip(self, first, frames, width, height):
        stream = self.stream
        target = int(first / stream.average_rate / stream.time_base) + (stream.start_time or 0)
        self.container.seek(target, stream=stream, backward=True)
        pictures = []
        for frame in self.container.decode(stream):
            if frame.pts is not None and frame.pts < target:
                continue
            pictures.append(frame.reformat(width, height, "rgb24", interpolation="BILINEAR").to_ndarray())
            if len(pictures) == frames:
                break
        return numpy.stack(pictures)

    def close(self):
        self.container.close()


class Cv2Video:
    def __init__(self, file):
        options = [cv2.CAP_PROP_N_THREADS, 1]
        self.capture = cv2.VideoCapture(file, cv2.CAP_FFMPEG, options)

    def clip(self, first, frames, width, height):
        self.capture.set(cv2.CAP_PROP_POS_FRAMES, first)
        pictures = []
        while len(pictures) < frames:
            ok, picture = self.capture.read()
            if not ok:
                break
            pictures.append(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR))
        return numpy.stack(pictures)

    def close(self):
        self.capture.release()


def openings(request):
    """(file, clips) for each time that a video is opened."""
    if request["together"]:
        return [(video["file"], video["clips"]) for video in request["videos"]]
    shuffled = [(video["file"], [first]) for video in request["videos"] for first in video["clips"]]
    random.Random(1).shuffle(shuffled)
    return shuffled


def read(request):
    kind = {"av": AvVideo, "cv2": Cv2Video}[request["library"]]
    clock = time.process_time if request["byProcessor"] else time.perf_counter
    start = clock()
    for file, clips in openings(request):
        video = kind(file)
        for first in clips:
            video.clip(first, request["frames"], request["width"], request["height"])
        video.close()
    return {"seconds": clock() - start}


def versions():
    return {"av": av.__version__ if av else None, "cv2": cv2.__version__ if cv2 else None}


for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(versions() if "libraries" in request else read(request)), flush=True)
