"""Makes inputs for a network of which no data is at hand: noise whose amplitude falls as 1/f, as in natural images; random tokens."""
import numpy as np

CORRELATION = 0.9  # between the channels of an image
TOKENS, EDGE = 32, 224  # what dimensions that the model leaves open become
FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
INTEGERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


def inputs(entries, tables, samples, given, mean, deviation):
    """{name: values} for the inputs of a model, the same in every run.

    entries: those of an ONNX Runtime session. tables: {name: lines of the table that the input's tokens look up}; integers that look
    nothing up are masks and become 1. given: {name: shape of a sample}. mean, deviation: of the noise, one number or one per channel.
    """
    rng = np.random.default_rng(1)
    made = {}
    for entry in entries:
        if entry.type in INTEGERS:
            shape = given.get(entry.name) or _shape(entry, TOKENS)
            drawn = rng.integers(0, tables[entry.name], (samples, *shape)) if entry.name in tables else np.ones((samples, *shape))
            made[entry.name] = drawn.astype(INTEGERS[entry.type])
        elif entry.type in FLOATS:
            shape = given.get(entry.name) or _shape(entry, EDGE)
            values = noise(rng, samples, shape)
            channels = (-1,) + (1,) * (len(shape) - 1)
            scales = [np.reshape(np.asarray(value, np.float32), channels) for value in (deviation, mean)]
            if any(scale.size not in (1, (shape or (1,))[0]) for scale in scales):
                raise SystemExit(f"error: input {entry.name} has {shape[0]} channels; give one mean and deviation, or as many")
            made[entry.name] = (values * scales[0] + scales[1]).astype(FLOATS[entry.type])
        else:
            raise SystemExit(f"error: input {entry.name} is a {entry.type}, for which there is no noise; give inputs by --inputs")
    return made


def _shape(entry, size):
    """Of a sample: the input's shape without the first axis, with `size` for what is open."""
    return tuple(n if isinstance(n, int) and n > 0 else size for n in entry.shape[1:])


def noise(rng, samples, shape):
    """Noise of mean 0 and deviation 1, float32, samples x shape: 1/f along the axes behind the first, or white if there are none."""
    if len(shape) < 2:
        return rng.standard_normal((samples, *shape), np.float32)
    frequencies = np.meshgrid(*(np.fft.fftfreq(n) for n in shape[1:]), indexing="ij")
    distance = np.sqrt(sum(f * f for f in frequencies))
    distance.flat[0] = 1 / max(shape[1:])  # so that samples differ in their brightness, too
    amplitude = 1 / distance
    amplitude /= np.sqrt((amplitude**2).mean())
    axes = tuple(range(2, 1 + len(shape)))

    def drawn(channels):
        white = rng.standard_normal((samples, channels, *shape[1:]), np.float32)
        return np.fft.ifftn(np.fft.fftn(white, axes=axes) * amplitude, axes=axes).real

    return (np.sqrt(CORRELATION) * drawn(1) + np.sqrt(1 - CORRELATION) * drawn(shape[0])).astype(np.float32)
