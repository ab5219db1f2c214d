#!/usr/bin/env python3
"""The handwritten digits of scikit-learn (8x8 pixels, values 0..16) and the fixed split of the demo.

    dataset.py [--samples N] TRAINING.npz [--held-out FILE.npz]

writes the first N training images as the array `image`, which is the model's input, and the held-out images with their `labels`: data for
tamis-study.
"""
import argparse

import numpy as np
from sklearn.datasets import load_digits


def load():
    """Returns (training images, training labels, test images, test labels).

    Images are float32 of shape (n, 1, 8, 8) with values 0..16. The images come in runs of ten, nearly one of each class; of each
    hundred, the runs 1, 4 and 7 are held out. (Every tenth image would not do: where the runs are regular, it takes one class.)
    """
    digits = load_digits()
    images = digits.images.astype(np.float32)[:, None]
    held_out = np.isin(np.arange(len(images)) // 10 % 10, (1, 4, 7))
    return images[~held_out], digits.target[~held_out], images[held_out], digits.target[held_out]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("training", metavar="TRAINING.npz")
    parser.add_argument("--samples", type=int, default=256, metavar="N")
    parser.add_argument("--held-out", metavar="FILE.npz")
    arguments = parser.parse_args()
    training, _, images, labels = load()
    np.savez(arguments.training, image=training[:arguments.samples])
    if arguments.held_out:
        np.savez(arguments.held_out, image=images, labels=labels)


if __name__ == "__main__":
    main()
