import TamisArithmetic
import TamisBits
import TamisDigest
import TamisQuantization
import TamisZstd

extension CodedTensor.IndexContent {
    package var tools: IndexSliceTools {
        IndexSliceTools(
            usesNeighbours: coding.tools.contains(.neighbourContexts),
            signDistances: coding.tools.contains(.signContexts) ? (Int(coding.signDistance1), Int(coding.signDistance2)) : nil,
            adaptationLimit: Int(coding.adaptationLimit), states: coding.states)
    }

    package var reconstruction: Reconstruction {
        Reconstruction(step: coding.grid.step, offset: Int(coding.grid.reconstructionOffset))
    }

    /// Decodes the classes of rows and columns.
    package func decodeClasses() throws(TamisError) -> ScaleClasses {
        try ScaleClasses(
            lineClasses, rows: coding.tools.contains(.rowClasses) ? view.rows : 0, columns: coding.tools.contains(.columnClasses) ? view.columns : 0,
            rowStepExponent: Int(coding.rowStepExponent))
    }

    /// Turns the indices of the places `range` into values of the tensor.
    ///
    /// - Returns: false if an index has no value.
    private func reconstruct(
        _ indices: UnsafeBufferPointer<Int32>, _ range: Range<Int>, _ classes: ScaleClasses, _ table: ReconstructionTable?, into tensor: ByteRegion
    ) -> Bool {
        if let integers { return unsafe integers.write(indices, range: range, of: view, to: tensor) }
        if elementType == .float32 {
            if let table { return unsafe table.write(indices, range: range, of: view, to: tensor) }
            unsafe reconstruction.write(indices, range: range, of: view, classes: classes, to: tensor)
            return true
        }
        return unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: range.count) { values in
            if let table {
                if unsafe !table.fill(values, indices) { return false }
            } else {
                unsafe reconstruction.fill(values, indices, range: range, of: view, classes: classes)
            }
            return unsafe HalfPrecision.write(UnsafeBufferPointer(values), as: elementType, range: range, of: view, to: tensor)
        }
    }

    /// The places of slice `number` in coding order.
    package func range(ofSlice number: Int, sliceElements: Int) -> Range<Int> {
        let start = number * sliceElements
        return start..<min(start + sliceElements, view.elementCount)
    }

    /// Slices that are decoded together.
    private static let slicesPerPart = IndexSliceDecoder.lanes

    /// Places of the coding order that a part has, but for the last one.
    func elementsPerPart(sliceElements: Int) -> Int { Self.slicesPerPart * sliceElements }

    /// At least 1.
    package var partCount: Int { (slices.count + Self.slicesPerPart - 1) / Self.slicesPerPart }

    /// Decodes the slices of part `number` to where their values belong in the tensor's bytes.
    ///
    /// - Parameter table: of a quantizer without a grid.
    package func decode(
        part number: Int, sliceElements: Int, classes: ScaleClasses, _ table: ReconstructionTable?, into tensor: ByteRegion
    ) throws(TamisError) {
        let first = number * Self.slicesPerPart
        let end = min(first + Self.slicesPerPart, slices.count)
        let start = range(ofSlice: first, sliceElements: sliceElements).lowerBound
        let whole = start..<range(ofSlice: end - 1, sliceElements: sliceElements).upperBound
        let bad = unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: whole.count) { indices in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: whole.count) { lineClasses -> Int? in
                unsafe classes.fill(lineClasses, range: whole, of: view)
                func slice(_ number: Int) -> IndexSliceDecoder.Slice {
                    let range = range(ofSlice: number, sliceElements: sliceElements)
                    let own = (range.lowerBound - start)..<(range.upperBound - start)
                    return unsafe IndexSliceDecoder.Slice(
                        codeword: slices[number].codeword, rawBits: slices[number].rawBits, classes: UnsafeBufferPointer(rebasing: lineClasses[own]),
                        into: UnsafeMutableBufferPointer(rebasing: indices[own]))
                }
                var decoder = IndexSliceDecoder(IndexBinarization(magnitudeCode: coding.magnitudeCode), tools)
                var areSound = (first: true, second: true)
                if end - first > 1 { areSound = decoder.decode(slice(first), slice(first + 1)) } else { areSound.first = decoder.decode(slice(first)) }
                if !areSound.first { return first }
                // Slice by slice, so that the error names the one that is at fault.
                for number in first..<(areSound.second ? end : first + 1) {
                    let range = range(ofSlice: number, sliceElements: sliceElements)
                    let own = unsafe UnsafeBufferPointer(rebasing: indices[(range.lowerBound - start)..<(range.upperBound - start)])
                    if unsafe !reconstruct(own, range, classes, table, into: tensor) { return number }
                }
                return areSound.second ? nil : first + 1
            }
        }
        if let bad {
            let count = range(ofSlice: bad, sliceElements: sliceElements).count
            throw TamisError(
                .invalidCodeword, "the codeword of slice \(bad) is not exactly that of \(count) indices of the quantizer", element: "codeword_bytes",
                byteOffset: slices[bad].entryOffset)
        }
    }
}

extension ScaleClasses {
    /// - Parameters:
    ///   - codeword: of the classes.
    ///   - rows, columns: how many have classes; 0: none.
    init(_ codeword: ByteView, rows rowCount: Int, columns columnCount: Int, rowStepExponent: Int) throws(TamisError) {
        var rows = [Int8](repeating: 0, count: rowCount)
        var columns = [Int8](repeating: 0, count: columnCount)
        if rowCount + columnCount > 0 && !LineClassCoder.decode(codeword, rows: &rows, columns: &columns) {
            throw TamisError(
                .invalidCodeword, "the codeword is not exactly that of \(rowCount) row and \(columnCount) column classes", element: "line_class_bytes")
        }
        self.init(rows: rows, columns: columns, rowStepExponent: rowStepExponent)
    }
}

extension CodedTensor {
    /// Compares the digest of the tensor's decoded bytes.
    package func checkDigest(_ bytes: ByteView) throws(TamisError) {
        let computed = unsafe XXH64.of(bytes.buffer)
        if computed != digest {
            throw TamisError(
                .tensorDigest, "the digest of '\(description.name)' is wrong: stored \(digest), computed \(computed)", element: "tensor_digest",
                advice: "the file or this decoder is faulty; report it if other decoders agree with the file")
        }
    }
}

extension CodedGroup {
    /// Decodes all members, one after the other, into `output`, which has `byteCount` bytes, and checks the digest.
    package func decode(into output: ByteRegion) throws(TamisError) {
        if rawByteCount > 0 {
            var raw = [UInt8](repeating: 0, count: rawByteCount)
            try raw.withRegion { (region) throws(TamisError) in
                do throws(TamisError) { try Zstandard.decompress(rawFrame, into: region) } catch {
                    var error = error
                    if error.code == .invalidCompressedData { error.element = "group_raw_frame_bytes" }
                    throw error
                }
                var place = 0
                for member in members where !member.entry.isIndex {
                    output[member.bytes].copy(from: region.view[place..<(place + member.bytes.count)])
                    place += member.bytes.count
                }
            }
        }
        if indexElementCount > 0 { try decodeIndices(into: output) }
        try checkDigest(of: output.view)
    }

    /// Compares the digest of the members' decoded bytes.
    func checkDigest(of bytes: ByteView) throws(TamisError) {
        let computed = unsafe XXH64.of(bytes.buffer)
        if computed != header.groupDigest {
            throw TamisError(
                .tensorDigest, "the digest of the group is wrong: stored \(header.groupDigest), computed \(computed)", element: "group_digest",
                advice: "the file or this decoder is faulty; report it if other decoders agree with the file")
        }
    }

    private func decodeIndices(into output: ByteRegion) throws(TamisError) {
        let isSound = unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: indexElementCount) { indices in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: indexElementCount) { classes in
                var place = 0
                for member in members where member.entry.isIndex {
                    unsafe UnsafeMutableBufferPointer(rebasing: classes[place..<(place + member.elementCount)]).update(repeating: member.entry.scaleClass)
                    place += member.elementCount
                }
                var decoder = IndexSliceDecoder(
                    IndexBinarization(magnitudeCode: header.magnitudeCode), IndexSliceTools(adaptationLimit: Int(header.adaptationLimit)))
                let slice = unsafe IndexSliceDecoder.Slice(codeword: codeword, rawBits: rawBits, classes: UnsafeBufferPointer(classes), into: indices)
                if !decoder.decode(slice) { return false }
                place = 0
                for member in members where member.entry.isIndex {
                    let part = unsafe UnsafeBufferPointer(rebasing: indices[place..<(place + member.elementCount)])
                    if unsafe !member.reconstruct(part, to: output[member.bytes]) { return false }
                    place += member.elementCount
                }
                return true
            }
        }
        if !isSound {
            throw TamisError(.invalidCodeword, "the codeword is not exactly that of \(indexElementCount) indices", element: "group_codeword_bytes")
        }
    }
}

extension CodedGroup.Member {
    /// Turns indices into the tensor's bytes.
    ///
    /// - Returns: false if a value became infinite.
    fileprivate func reconstruct(_ indices: UnsafeBufferPointer<Int32>, to output: ByteRegion) -> Bool {
        let reconstruction = Reconstruction(step: entry.grid.step, offset: Int(entry.grid.reconstructionOffset))
        if elementType == .float32 {
            unsafe reconstruction.write(indices, to: output)
            return true
        }
        let view = MatrixView(elementCount: elementCount)
        let range = 0..<elementCount
        return unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: elementCount) { values in
            unsafe reconstruction.fill(values, indices, range: range, of: view, classes: ScaleClasses())
            return unsafe HalfPrecision.write(UnsafeBufferPointer(values), as: elementType, range: range, of: view, to: output)
        }
    }
}
