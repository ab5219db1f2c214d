"""Data, preprocessing and evaluation: what fits is measured, what does not is refused before any long work."""

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
image_module = pytest.importorskip("PIL.Image")

import onnx
from onnx import TensorProto, helper, numpy_helper

import tamis
from tamis.study import PRESETS, Network, evaluation, open_data
from tamis.study.data import spread
from tamis.study.evaluation import metric
from tamis.study.preprocessing import preprocessing


@pytest.fixture(scope="module")
def network(model_path):
    return Network(model_path)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Means of the channels of pictures of 8 x 8 pixels; input and output have their samples left open."""
    folder = tmp_path_factory.mktemp("pictures")
    weight = numpy_helper.from_array(np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1).repeat(1, 2), "w")
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("GlobalAveragePool", ["c"], ["y"])]
    graph = helper.make_graph(
        nodes, "means", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, 1, 1])], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "means.onnx")
    images = folder / "images"
    images.mkdir()
    for label, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        image_module.new("RGB", (20, 16), colour).save(images / f"{label}_colour.png")
    return Network(folder / "means.onnx"), images


def saved(folder, **arrays):
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def test_classification(network, tmp_path, rng):
    x = rng.standard_normal((50, 96)).astype(np.float32)
    labels = network.session().run(None, {"x": x})[0].argmax(1)
    data = open_data(saved(tmp_path, x=x, labels=labels), network)
    found = evaluation(network, data)
    assert found.original().values()["top1"] == 1 and found.original().values()["kl"] < 1e-9
    coded = found.run(network.session(tamis.encode(network.path, quality=5)))
    assert coded.values()["top1"] == coded.values()["agreement"] == coded.each("top1").mean()
    assert coded.confusion().sum() == 50
    half = np.arange(25)
    assert coded.values(half)["kl"] == pytest.approx(coded.each("kl")[:25].mean())


@pytest.mark.parametrize("labels, metrics", [
    (np.zeros((50, 10), np.float32), "mse psnr mse_to_original"), (None, "agreement kl mse_to_original")])
def test_what_fits(network, tmp_path, rng, labels, metrics):
    arrays = {"x": rng.standard_normal((50, 96)).astype(np.float32)} | ({} if labels is None else {"targets": labels})
    found = evaluation(network, open_data(saved(tmp_path, **arrays), network))
    assert set(metrics.split()) <= set(found.metrics) and "top1" not in found.metrics


def test_rankings(network, tmp_path, rng):
    arrays = {"x": rng.standard_normal((5, 96)).astype(np.float32), "relevance": rng.integers(0, 3, (5, 10))}
    assert {"mrr", "ndcg"} <= set(evaluation(network, open_data(saved(tmp_path, **arrays), network)).metrics)


@pytest.mark.parametrize("arrays, message", [
    ({"y": np.zeros((5, 96), np.float32)}, "no array named x, an input of network.onnx; it has y"),
    ({"x": np.zeros((5, 96))}, "x is float64, expected tensor\\(float\\)"),
    ({"x": np.zeros((5, 95), np.float32)}, "shape \\[5, 95\\], expected \\[samples, 96\\]"),
    ({"x": np.zeros((5, 96), np.float32), "labels": np.zeros(4, int)}, "5 samples \\(x\\), 4 samples \\(labels\\)"),
    ({"x": np.zeros((5, 96), np.float32), "labels": np.full(5, 10)}, "sample 0 has the label 10, expected 0 to 9"),
    ({"x": np.zeros((5, 96), np.float32), "targets": np.zeros((5, 3))}, "targets have the shape \\[5, 3\\]"),
    ({"x": np.zeros((5, 96), np.float32), "relevance": np.zeros((5, 3))}, "relevance has the shape \\[5, 3\\]"),
    ({"x": np.zeros((0, 96), np.float32)}, "no samples"),
    ({"x": np.full((5, 96), np.inf, np.float32)}, "is not finite"),
])
def test_what_does_not_fit_is_refused(network, tmp_path, arrays, message):
    with pytest.raises(tamis.MisuseError, match=message):
        evaluation(network, open_data(saved(tmp_path, **arrays), network))


def test_metrics_that_do_not_fit(network):
    with pytest.raises(tamis.MisuseError, match="needs labels.*what fits: kl"):
        metric("top1", ["kl"], labelled=False)
    with pytest.raises(tamis.MisuseError, match="no such metric"):
        metric("top2", ["top1"])


def test_images(pictures):
    network, images = pictures
    data = open_data(images, network, preprocessing="tf")
    assert data.feeds(np.array([2, 0]))["x"][:, :, 0, 0].tolist() == [[-1, -1, 1], [1, -1, -1]]
    assert evaluation(network, data).original().values()["top1"] == 1
    turned = open_data(images, network, preprocessing="caffe").feeds(np.array([0]))["x"]
    assert turned[0, :, 0, 0] == pytest.approx([-103.939, -116.779, 255 - 123.68], abs=1e-3)


def test_labels_of_images(pictures, tmp_path):
    network, images = pictures
    table = tmp_path / "labels.csv"
    table.write_text("file,label\n0_colour.png,2\n1_colour.png,1\n2_colour.png,0\n")
    assert open_data(images, network, preprocessing="tf", labels=table).labels.tolist() == [2, 1, 0]
    assert open_data(images, network, preprocessing="tf", labels=False).labels is None
    table.write_text("0_colour.png,2\n")
    with pytest.raises(tamis.MisuseError, match="no label for 1_colour.png and 1 more"):
        open_data(images, network, preprocessing="tf", labels=table)
    for name in ("b", "a"):
        (tmp_path / "set" / name).mkdir(parents=True)
        image_module.new("RGB", (9, 9)).save(tmp_path / "set" / name / "x.png")
    data = open_data(tmp_path / "set", network, preprocessing="tf")
    assert data.labels.tolist() == [0, 1] and data.digest != data.inputs_digest
    with pytest.raises(tamis.MisuseError, match="labels are 2 folders.* has 3 classes"):
        evaluation(network, data)
    for old, new in (("a", "2"), ("b", "10")):
        (tmp_path / "set" / old).rename(tmp_path / "set" / new)
    assert open_data(tmp_path / "set", network, preprocessing="tf").labels.tolist() == [10, 2]
    table.write_bytes("0_colour.png,\u00b2".encode("latin-1"))
    with pytest.raises(tamis.MalformedError, match="expected a CSV in UTF-8"):
        open_data(images, network, preprocessing="tf", labels=table)


def test_images_that_do_not_fit(pictures, network, tmp_path):
    means, images = pictures
    with pytest.raises(tamis.MisuseError, match="images need the preprocessing"):
        open_data(images, means)
    with pytest.raises(tamis.MisuseError, match="images go into one input of four axes"):
        open_data(images, network, preprocessing="torch")
    with pytest.raises(tamis.MisuseError, match="there are torch, caffe"):
        open_data(images, means, preprocessing="tensorflow")
    for text, message in {"crop: 9": "crops 9x9", "channels: grey": "makes 1", "mean: a": "mean is a", "size: 3": "unknown key size", "[": "no YAML"}.items():
        (tmp_path / "own.yaml").write_text(text)
        with pytest.raises(tamis.TamisError, match=message):
            open_data(images, means, preprocessing=tmp_path / "own.yaml")
    (tmp_path / "0_x.png").write_bytes(b"no image")
    with pytest.raises(tamis.MalformedError, match="0_x.png: not read as an image"):
        evaluation(means, open_data(tmp_path, means, preprocessing="tf"))


def test_preprocessing_of_yaml(tmp_path):
    (tmp_path / "own.yaml").write_text("preset: torch\ncrop: [10, 12]\nresize: 0\nlayout: nhwc\n")
    found = preprocessing(tmp_path / "own.yaml")
    assert (found.crop, found.resize, found.layout, found.mean) == ((10, 12), 0, "nhwc", PRESETS["torch"].mean)


def test_functions(network, tmp_path):
    (tmp_path / "judge.py").write_text(
        "import numpy as np\n"
        "def evaluate(session): return {'score': session.run(None, {'x': np.ones((4, 96), np.float32)})[0][:, 0], 'one': 1}\n"
        "def wrong(session): return {'score': 'high'}\n"
        "def fails(session): raise KeyError('lost')\n")
    found = evaluation(network, open_data(f"{tmp_path}/judge.py:evaluate", network))
    assert found.metrics == ["score", "one"] and found.count == 4 and found.original().each("one") is None
    for name, message in {"wrong": "score is 'high'", "fails": "KeyError: 'lost'", "none": "has no function none"}.items():
        with pytest.raises(tamis.MisuseError, match=message):
            evaluation(network, open_data(f"{tmp_path}/judge.py:{name}", network))


def test_sources_that_are_not_there(network, tmp_path):
    with pytest.raises(tamis.NoInputError, match="no such file or folder"):
        open_data(tmp_path / "none", network)
    with pytest.raises(tamis.NoInputError, match="no images"):
        open_data(tmp_path, network)
    (tmp_path / "x.npz").write_bytes(b"PK")
    with pytest.raises(tamis.MalformedError, match="is it damaged"):
        open_data(tmp_path / "x.npz", network)
    with pytest.raises(tamis.NoInputError):
        Network(tmp_path / "none.onnx")
    (tmp_path / "x.onnx").write_bytes(b"none")
    with pytest.raises(tamis.UnsupportedError, match="does not load"):
        Network(tmp_path / "x.onnx")


def test_fixed_numbers_of_samples(pictures, tmp_path):
    network, images = pictures
    model = onnx.load(network.path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 2
    onnx.save(model, tmp_path / "two.onnx")
    two = Network(tmp_path / "two.onnx")
    found = evaluation(two, open_data(images, two, preprocessing="tf"))
    assert found.original().outputs.shape == (3, 3) and found.original().values()["top1"] == 1


def test_spread():
    assert spread(10, 3).tolist() == [1, 5, 8] and len(set(spread(1000, 64))) == 64
