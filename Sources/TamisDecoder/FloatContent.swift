import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax

extension CodedTensor {
    /// A data unit in float mode, taken apart (Spec §4.5, §6.9).
    package struct FloatContent: Sendable {
        package let coding: FloatCoding
        package let window: FloatWindow
        package let view: MatrixView
        package let slices: [Slice]
        private let lineClasses: ByteView
        private let shortRows: ByteView
        private let frequencies: ByteView

        /// - Parameter reader: at the table of the slices.
        init(_ coding: FloatCoding, _ description: TensorDescription, _ reader: SyntaxReader, _ scope: CodingScope) throws(TamisError) {
            guard let layout = FloatLayout(description.elementType), description.shape.elementCount > 0 else {
                throw TamisError(
                    .valueOutOfRange, "'\(description.name)' has \(description.shape.elementCount) elements of type \(description.elementType.name), which float mode cannot code",
                    element: "coding_mode")
            }
            guard let view = MatrixView(description.shape, rowAxis: Int(coding.rowAxis), rowAxisCount: Int(coding.rowAxisCount), order: .cOrder) else {
                throw TamisError(
                    .valueOutOfRange, "row axes \(coding.rowAxis) … +\(coding.rowAxisCount) are not axes of \(description.shape)", element: "row_axis")
            }
            let window = FloatWindow(
                layout: layout, zeroBits: Int(coding.zeroBits), modelledBits: Int(coding.modelledBits), origin: Int(coding.windowOrigin),
                count: Int(coding.windowSymbols))
            guard let window else {
                throw TamisError(
                    .valueOutOfRange,
                    "\(coding.windowSymbols) prefixes from \(coding.windowOrigin) on, with \(coding.modelledBits) modelled and \(coding.zeroBits) zero bits, are none of \(description.elementType.name)",
                    element: "window_symbols")
            }
            var reader = reader
            let entries = try reader.sliceTable(view.elementCount, scope)
            if coding.lineClassBytes > 0 {
                try view.requireLines(
                    rows: coding.tools.contains(.rowClasses), columns: coding.tools.contains(.columnClasses), codewordBytes: coding.lineClassBytes)
            }
            if coding.tools.contains(.shortRows) {
                try view.requireLines(rows: true, columns: false, codewordBytes: coding.shortRowBytes, "short_row_bytes")
                if view.outer != 1 {
                    throw TamisError(.valueOutOfRange, "short rows that do not lie one after the other, behind \(view.outer) entries of other axes", element: "coding_tools")
                }
                let most = layout.mantissaBits - Int(coding.modelledBits)
                if coding.shortZeroBits <= coding.zeroBits || Int(coding.shortZeroBits) > most {
                    throw TamisError(
                        .valueOutOfRange, "short rows have \(coding.shortZeroBits) zero bits, expected \(coding.zeroBits + 1) … \(most)", element: "short_zero_bits")
                }
            }
            lineClasses = try reader.reader.bytes(coding.lineClassBytes, "line_class_bytes")
            shortRows = try reader.reader.bytes(coding.shortRowBytes, "short_row_bytes")
            frequencies = try reader.reader.bytes(coding.frequencyBytes, "frequency_bytes")
            slices = try reader.slices(entries)
            self.coding = coding
            self.window = window
            self.view = view
        }

        private var hasClasses: Bool { coding.lineClassBytes > 0 }

        /// Decodes what all slices need.
        func decodeModel() throws(TamisError) -> FloatModel {
            guard let frequencies = FloatFrequencyCoder.decode(frequencies, symbols: window.symbols, hasClasses: hasClasses) else {
                throw TamisError(
                    .invalidCodeword, "the codeword is not exactly that of tables of \(window.symbols) frequencies", element: "frequency_bytes")
            }
            var rows: FloatModel.ShortRows?
            if coding.tools.contains(.shortRows) {
                guard let isShort = ShortRowCoder.decode(shortRows, rows: view.rows) else {
                    throw TamisError(.invalidCodeword, "the codeword is not exactly that of \(view.rows) rows", element: "short_row_bytes")
                }
                rows = FloatModel.ShortRows(zeroBits: Int(coding.shortZeroBits), elementsPerRow: view.columns, isShort: isShort)
            }
            guard let model = FloatModel(window, frequencies, shortRows: rows) else {
                throw TamisError(.valueOutOfRange, "the short rows leave no room for the modelled bits", element: "short_zero_bits")
            }
            return model
        }

        func decodeClasses() throws(TamisError) -> ScaleClasses {
            try ScaleClasses(
                lineClasses, rows: coding.tools.contains(.rowClasses) ? view.rows : 0, columns: coding.tools.contains(.columnClasses) ? view.columns : 0,
                rowStepExponent: 0)
        }

        /// Decodes slice `number` to where its elements belong in the tensor's bytes.
        func decode(slice number: Int, sliceElements: Int, _ decoder: FloatSliceDecoder, classes: ScaleClasses, into tensor: ByteRegion) throws(TamisError) {
            let start = number * sliceElements
            let range = start..<min(start + sliceElements, view.elementCount)
            let slice = slices[number]
            let isSound = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: hasClasses ? range.count : 0) { lines in
                if hasClasses { unsafe classes.fill(lines, range: range, of: view) }
                return unsafe decoder.decode(
                    codeword: slice.codeword, rawBits: slice.rawBits, classes: UnsafeBufferPointer(lines), into: tensor, range: range)
            }
            if !isSound {
                throw TamisError(
                    .invalidCodeword, "the codeword of slice \(number) is not exactly that of \(range.count) elements", element: "codeword_bytes",
                    byteOffset: slice.entryOffset)
            }
        }
    }
}

