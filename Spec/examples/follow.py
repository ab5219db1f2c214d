"""Follows the decoding of the codewords of a stream, step by step, with the reference decoder's own functions."""
import tamis_reference as reference


class Step:
    """One bin or symbol: `range` and `offset` before it, and what it was."""

    def __init__(self, coder, context, value, low, kind):
        self.range, self.offset, self.context, self.value, self.bound, self.kind = coder[0], coder[1], context, value, low, kind


class NamedContext(reference.Context):
    name = None


class NamedContexts(reference.Contexts):
    def __missing__(self, name):
        self[name] = context = NamedContext()
        context.name = name
        return context


class Coder(reference.ArithmeticDecoder):
    """Keeps the steps. `made` has all coders, in the order in which their codewords were begun."""
    made = []

    def __init__(self, codeword, limit):
        super().__init__(codeword, limit)
        self.steps, self.first = [], (self.range, self.offset)
        Coder.made.append(self)

    def bin(self, context):
        before, split = (self.range, self.offset), (self.range >> 16) * (context.probability >> 6)
        value = super().bin(context)
        self.steps.append(Step(before, getattr(context, "name", None), value, split, "bin"))
        return value

    def symbol(self, group):
        before, bound = (self.range, self.offset), group.bounds(self.range)
        value = super().symbol(group)
        self.steps.append(Step(before, group, value, (bound[value], bound[value + 1]), "symbol"))
        return value


class Slice(reference.SliceDecoder):
    """Keeps how many steps and raw bits each index took, and its class."""
    made = []

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.taken = []
        Slice.made.append(self)

    def index(self, c):
        steps, bits, state = len(self.decoder.steps), self.raw.taken, self.state
        q = super().index(c)
        self.taken.append((c, state, q, self.decoder.steps[steps:], bits, self.raw.taken))
        return q

    def name_of(self, c, step):
        if step.kind == "bin":
            name = step.context
            return f"sign[{name}]" if isinstance(name, int) else f"{name[0]}[{name[1]}]"
        scale_class = self.classes[c]
        for b in (0, 1):
            for n in range(4):
                if scale_class.start[b][n] is step.context:
                    return f"start[{b}][{n}]"
        return f"more[{scale_class.more.index(step.context)}]"


def followed(stream):
    """Parts of a page: a table for each arithmetic codeword of indices and line classes, and for the slices of float mode."""
    kept = {name: getattr(reference, name) for name in ("ArithmeticDecoder", "SliceDecoder", "Contexts", "float_slice", "line_classes")}
    Coder.made, Slice.made, floats, lines = [], [], [], []

    def float_slice(*arguments):
        elements = kept["float_slice"](*arguments)
        floats.append((arguments, elements))
        return elements

    def line_classes(*arguments):
        classes = kept["line_classes"](*arguments)
        lines.append((Coder.made[-1], classes))
        return classes

    reference.ArithmeticDecoder, reference.SliceDecoder, reference.Contexts = Coder, Slice, NamedContexts
    reference.float_slice, reference.line_classes = float_slice, line_classes
    try:
        reference.decode_model(stream)
    finally:
        for name, value in kept.items():
            setattr(reference, name, value)
    parts = [table_of_bins(coder, classes) for coder, classes in lines]
    parts += [table_of_slice(number, each) for number, each in enumerate(Slice.made)]
    return parts + [table_of_floats(*arguments, elements) for arguments, elements in floats]


def hexadecimal(codeword):
    return f"`{codeword.hex(' ').upper()}`"


def table_of_bins(coder, classes):
    made = [f"**The codeword of the line classes** {hexadecimal(coder.codeword)}, bin by bin (§6.6). The classes are {signed(classes)}.", "",
            "| range | offset | context | split | bin |", "|---|---|---|---|---|"]
    for step in coder.steps:
        name = step.context if isinstance(step.context, str) else step.context[0] + "".join(f"[{signed(each)}]" for each in step.context[1:])
        made.append(f"| {step.range:016X} | {step.offset:016X} | {name} | {step.bound:016X} | {step.value} |")
    return "\n".join(made + [end(coder)])


def end(coder):
    z = (coder.range.bit_length() - 1) // 8
    return (f"| {coder.range:016X} | {coder.offset:016X} | finish: z = {z}, place = {coder.place}, place − z = {len(coder.codeword)} bytes | | |"
            if coder.steps and coder.steps[0].kind == "bin" else
            f"| | | | {coder.range:016X} | {coder.offset:016X} | finish: z = {z}, place = {coder.place}, place − z = {len(coder.codeword)} bytes | | | |")


def table_of_slice(number, decoder):
    raw = f", raw bits {hexadecimal(decoder.raw.data)}" if decoder.raw.data else ", no raw bits"
    made = [f"**A slice**, codeword {hexadecimal(decoder.decoder.codeword)}{raw}, symbol by symbol (§6.4.5). For a symbol, *interval* is bound[value] and bound[value + 1]; for a bin, split.", "",
            "| index | class | state | range | offset | context | interval | value | raw bits |", "|---|---|---|---|---|---|---|---|---|"]
    for c, state, q, steps, first, last in decoder.taken:
        bits = "".join(str(int.from_bytes(decoder.raw.data, "little") >> bit & 1) for bit in range(first, last))
        for n, step in enumerate(steps):
            interval = f"{step.bound[0]:016X}<br>{step.bound[1]:016X}" if step.kind == "symbol" else f"{step.bound:016X}"
            shown = [f"q = {signed(q)}", str(c), str(state) if decoder.trellis else "", ] if n == 0 else ["", "", ""]
            made.append("| " + " | ".join(shown + [f"{step.range:016X}", f"{step.offset:016X}", decoder.name_of(c, step), interval, str(step.value),
                                                   bits if n == len(steps) - 1 else ""]) + " |")
    made.append(end(decoder.decoder))
    if decoder.trellis:
        made += ["", f"The grid points (§7.3) are {signed(decoder.trellis.grid_points(decoder.indices))}."]
    return "\n".join(made)


def table_of_floats(codeword, raw, window, frequencies, scale_classes, rows_short, elements):
    table_of_class, tables = frequencies
    made = [f"**A slice in float mode**, codeword {hexadecimal(codeword)}, raw bits {hexadecimal(raw)}, element by element (§6.9.3). The frequencies are "
            + "; ".join(", ".join(map(str, table)) for table in tables) + f"; short rows: {signed(rows_short)}.", "",
            "| element | state | x | x mod 4096 | symbol | x after | word taken | bits of the element |", "|---|---|---|---|---|---|---|---|"]
    states = [int.from_bytes(codeword[4 * i:4 * i + 4], "little") for i in range(4)]
    words = [int.from_bytes(codeword[i:i + 2], "little") for i in range(16, len(codeword), 2)]
    for i, (scale_class, element) in enumerate(zip(scale_classes, elements)):
        table, x = tables[table_of_class[scale_class]], states[i % 4]
        symbol, low = 0, 0
        while low + table[symbol] <= x % 4096:
            symbol, low = symbol + 1, low + table[symbol]
        after, word = table[symbol] * (x // 4096) + x % 4096 - low, ""
        if after < 2 ** 16:
            word = f"{words[0]:04X}"
            after = after * 2 ** 16 + words.pop(0)
        states[i % 4] = after
        made.append(f"| {i} | {i % 4} | {x:08X} | {x % 4096} | {symbol} | {after:08X} | {word} | {element:0{window.W // 4}X} |")
    if states != [2 ** 16] * 4 or words:
        raise ValueError("the slice does not end")
    return "\n".join(made + ["", "All states end at 00010000."])


def signed(values):
    """Numbers with a true minus sign; a tuple of lists without those that are None."""
    if values is None:
        return ""
    if isinstance(values, (list, tuple)):
        return ", ".join(text for text in map(signed, values) if text)
    return str(int(values)).replace("-", "−")
