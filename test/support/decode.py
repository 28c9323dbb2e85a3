"""Decodes videos with PyAV and OpenCV, for tests that compare. Reads a JSON list of requests from stdin:

{"file": …, "places": […], "out": folder, "size": [width, height], "target": [width, height]}

and prints for each {"av": {"frames": n}, "cv2": {"frames": n}}. In `out` come av.raw and cv2.raw, uint8 RGB
[places, height, width, 3], and resized.raw: the pictures of own.raw, of `size`, resized to `target` by OpenCV.
"""

import json
import pathlib
import sys

import av
import cv2
import numpy


def av_frames(file):
    with av.open(file, metadata_errors="ignore") as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def cv2_frames(file):
    capture = cv2.VideoCapture(file, cv2.CAP_FFMPEG)
    while True:
        ok, picture = capture.read()
        if not ok:
            return
        yield picture[:, :, ::-1]


def decode(frames, places, out):
    chosen = {}
    count = 0
    for picture in frames:
        if count in places:
            chosen[count] = picture
        count += 1
    present = [chosen[place] for place in places if place in chosen]
    out.write_bytes(numpy.stack(present).tobytes() if present else b"")
    return {"frames": count}


def resize(file, size, target, out):
    pictures = numpy.fromfile(file, numpy.uint8).reshape(-1, size[1], size[0], 3)
    small = [cv2.resize(picture, target, interpolation=cv2.INTER_LINEAR) for picture in pictures]
    out.write_bytes(numpy.stack(small).tobytes())


def main():
    cv2.setNumThreads(1)
    answers = []
    for request in json.load(sys.stdin):
        out = pathlib.Path(request["out"])
        file, places = request["file"], request["places"]
        answers.append({
            "av": decode(av_frames(file), places, out / "av.raw"),
            "cv2": decode(cv2_frames(file), places, out / "cv2.raw"),
        })
        resize(out / "own.raw", request["size"], request["target"], out / "resized.raw")
    print(json.dumps(answers))


main()
