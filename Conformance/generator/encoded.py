"""Valid streams that the tamis command encodes."""
import subprocess
import tempfile
from pathlib import Path

from . import sources
from .vectors import Vector

# id, model, options of tamis encode, what it is about
ROWS = [
    ("no-tensors", lambda rng: sources.model({}), [], "a model without tensors: nothing but a skeleton"),
    ("exact-types", sources.exact_types, ["--exclude", "*"], "tensors of every element type numpy has, bit-exact; a scalar, an empty tensor"),
    ("special-floats", sources.special_floats, [], "NaN with payloads, infinities, -0, subnormal and very large numbers"),
    ("group", sources.group, ["--step", "0.03", "--exclude", "bias*"], "many small tensors in a group, coded ones of several scale classes and exact ones"),
    ("line-classes", sources.scaled_lines, [], "rows and columns of very different scales: row and column classes"),
    ("sign-contexts", sources.kernels, [], "3x3 kernels of correlated signs: sign contexts"),
    ("sparse", sources.sparse, ["--step", "0.1"], "a matrix most of whose indices are 0"),
    ("midrise", sources.dense, ["--deadzone", "0"], "deadzone 0: reconstruction offset -128, no values at 0 but for zeros"),
    ("deadzone-1", sources.dense, ["--deadzone", "1"], "deadzone 1: reconstruction offset 128"),
    ("fine-step", sources.dense, ["--quality", "90"], "a very fine step: large indices, many low bits"),
    ("coarse", sources.dense, ["--quality", "3"], "a very coarse step: few indices that are not 0"),
    ("outliers", sources.outliers, ["--step", "0.02"], "a few values far larger than all others: escapes"),
    ("inputs-first", sources.attention, [], "a MatMul weight and a tensor of rank 3 whose output channels differ in scale"),
    ("subgraphs", sources.constants, [], "tensors of Constant nodes and of the branches of an If"),
    ("trellis-8", sources.sparse, ["--step", "0.1", "--quantizer", "trellis,states=8"], "a trellis of 8 states, most of whose indices are 0"),
    ("trellis-32", sources.kernels, ["--quantizer", "trellis,states=32"], "a trellis of 32 states, with sign contexts"),
    ("trellis-256", sources.scaled_lines, ["--quantizer", "trellis,states=256"], "a trellis of 256 states, with row and column classes"),
    ("mu-law", sources.dense, ["--quantizer", "mu-law"], "companding by the mu-law"),
    ("minifloat", sources.dense, ["--quantizer", "minifloat,e=4,m=3"], "a floating-point format of 8 bits"),
    ("half", sources.dense, ["--quantizer", "half"], "the values of half precision"),
    ("affine", sources.positive, ["--quantizer", "affine,bits=8"], "8 bits over the range of weights that are all positive"),
    ("codebook", sources.dense, ["--quantizer", "codebook,levels=32"], "a codebook of 32 values"),
    ("pruned-rows", sources.unused_rows, ["--prune", "rows=0.5"], "rows that pruning set to 0"),
    ("half-precision", sources.half_precision, [], "float16 and bfloat16 weights, quantized"),
    ("integers", sources.packed_integers, ["--lossless"], "integers as they are, of 4 to 64 bits, bytes divided in two, a tensor that is there twice"),
    ("float-mode", sources.exact_floats, ["--lossless"],
     "floating-point elements bit by bit, of all widths; rows with more zero bits, zeros, infinities and NaNs"),
    ("rdoq", sources.kernels, ["--quantizer", "rdoq"], "indices chosen for rate and distortion"),
]


def vectors(tamis):
    """`tamis`: the command. What the streams decode to is left to the decoders to agree about."""
    def make(number, name, model, options):
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, f"{name}.onnx"), Path(folder, f"{name}.tamis")
            source.write_bytes(sources.made(number, model))
            subprocess.run([tamis, "encode", "--quiet", "--output", target, *options, source], check=True)
            return target.read_bytes(), None
    return [Vector(f"encoded-{name}", "valid", f"from the tamis command: {about}", lambda row=(number, name, model, options): make(*row), "decodes")
            for number, (name, model, options, about) in enumerate(ROWS)]
