"""The networks of the study of error feedback: what goes into them, and how far the outputs of a copy are from the original's."""
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageDraw, ImageFont

import sentences
import word_pieces

LINE = (48, 320)  # height and width of a line of text for the recogniser, pixels


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def evaluator(path):
    """The module `path`, which must have preprocessing, load, logits, measure and IMAGES as shared/evaluate/imagenet.py has them."""
    specification = importlib.util.spec_from_file_location("evaluator", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class Classifier:
    """A classifier of images, judged by the divergence of its class distributions from the original's."""
    error = "KL, bits"
    kinds = ("none", "synthetic", "noise", "real")
    qualities = (4, 6, 8, 10, 12, 14, 16)
    samples = 64  # images that are measured, spread evenly over all

    def __init__(self, path, bar, script, limit):
        self.path, self.bar, self.limit, self.script = path, bar, limit, evaluator(script)
        self.preprocessing = self.script.preprocessing(path.name)
        self.reference = None

    def sources(self):
        """Files that decide what is measured."""
        return [self.script.__file__]

    def noise(self, folder):
        """Options of tamis-study for noise in place of photographs; `folder` is for files that they name."""
        path, own = folder / "preprocessing.yaml", self.preprocessing
        path.write_text(json.dumps({"mean": own["mean"].tolist(), "deviation": own["std"].tolist(), "channels": "bgr" if own["bgr"] else "rgb"}))
        return ["--preprocessing", path]

    def _images(self):
        files = sorted(Path(self.script.IMAGES).glob("*.jpg"))
        return files, [int((k + 0.5) * len(files) / self.samples) for k in range(self.samples)]

    def save_inputs(self, out):
        files, chosen = self._images()
        values = np.stack([self.script.load(str(files[k]), self.preprocessing) for k in chosen])
        np.savez(out, **{session(self.path).get_inputs()[0].name: values})

    def measure(self, copy):
        """Errors of the model file `copy`; `unseen` is the divergence on the images that were not measured."""
        def scores(path):
            return self.script.logits(str(path), self.preprocessing, self.limit)

        if self.reference is None:
            self.reference = scores(self.path)
        found = scores(copy)
        unseen = np.setdiff1d(np.arange(len(found)), self._images()[1])
        result = self.script.measure(found, self.reference)
        return {"error": result["kl_bits"], "top1": result["top1"], "agreement": result["agreement"],
                "unseen": self.script.measure(found[unseen], self.reference[unseen])["kl_bits"]}

    def original_top1(self):
        if self.reference is None:
            self.reference = self.script.logits(str(self.path), self.preprocessing, self.limit)
        return self.script.measure(self.reference)["top1"]


class Network:
    """A network judged by `distance` between its outputs for some feeds."""
    bar = None
    kinds = ("none", "synthetic", "noise")
    qualities = (4, 6, 8, 10, 12, 14, 16)

    def __init__(self, path, limit):
        self.path, self.limit, self.reference = path, limit, None

    def sources(self):
        return [sentences.__file__, word_pieces.__file__]

    def outputs(self, path):
        runner = session(path)
        return [runner.run(None, feeds)[0].astype(np.float64) for feeds in self.feeds()]

    def measure(self, copy):
        if self.reference is None:
            self.reference = self.outputs(self.path)
        return self.distance(self.reference, self.outputs(copy))


class Recogniser(Network):
    """A reader of lines of text, judged by the root mean square error of its character probabilities over their root mean square."""
    error = "relative error"
    qualities = (8, 11, 14, 17, 20, 23)

    def noise(self, folder):
        return ["--shape", "x".join(map(str, (3, *LINE))), "--preprocessing", "tf"]

    def feeds(self):
        font = ImageFont.load_default(30)
        for sentence in sentences.SENTENCES[:self.limit or None]:
            words = sentence.split()
            for k in range(0, len(words) - 2, 3):
                image = Image.new("L", LINE[::-1], 255 - 4 * (k % 8))
                ImageDraw.Draw(image).text((6, 4 + k % 5), " ".join(words[k:k + 3]), fill=5 * (k % 11), font=font)
                pixels = (np.asarray(image, np.float32) / 255 - 0.5) / 0.5
                yield {"x": np.broadcast_to(pixels, (1, 3, *LINE)).copy()}

    def distance(self, reference, found):
        a, b = np.concatenate(reference, axis=1), np.concatenate(found, axis=1)
        return {"error": float(np.sqrt(((a - b) ** 2).sum() / (a * a).sum())), "agreement": float((a.argmax(-1) == b.argmax(-1)).mean())}


class SentenceEncoder(Network):
    """An encoder of sentences, judged by 1 - the cosine of its embeddings and the original's, on average."""
    error = "1 - cosine"

    def noise(self, folder):
        return ["--samples", 256]

    def feeds(self):
        vocabulary = self.path.with_name(f"{self.path.stem}-vocabulary.txt")
        if not vocabulary.exists():
            raise SystemExit(f"error: no {vocabulary}; scripts/minilm makes it, with the model")
        numbers = word_pieces.vocabulary(vocabulary)
        for sentence in sentences.SENTENCES[:self.limit or None]:
            tokens = np.array([word_pieces.tokens(sentence, numbers)], np.int64)
            yield {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}

    def distance(self, reference, found):
        a, b = np.concatenate(reference), np.concatenate(found)
        cosines = (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))
        return {"error": float((1 - cosines).mean())}


def subjects(folders, script, limit, names):
    """The networks of these names whose files are in one of the folders; says which are not."""
    makers = {"squeezenet1.1": lambda path: Classifier(path, 0.10, script, limit),
              "efficientnet-lite0": lambda path: Classifier(path, 0.06, script, limit),
              "ppocr4-rec": lambda path: Recogniser(path, limit),
              "minilm-l6": lambda path: SentenceEncoder(path, limit)}
    for name in names or makers:
        if name not in makers:
            raise SystemExit(f"error: no network {name} in this study; it has {', '.join(makers)}")
        found = [path for folder in folders if (path := folder / f"{name}.onnx").exists()]
        if found:
            yield makers[name](found[0])
        else:
            print(f"note: no {name}.onnx in {' or '.join(map(str, folders))}", file=sys.stderr)
