import TamisBits

/// Makes new contents of a `TensorProto` whose data move.
enum TensorRewriter {
    /// All fields that hold data or say where they lie.
    static let dataFields: Set<UInt32> = [
        ONNXField.Tensor.floatData, ONNXField.Tensor.int32Data, ONNXField.Tensor.int64Data, ONNXField.Tensor.rawData, ONNXField.Tensor.doubleData,
        ONNXField.Tensor.uint64Data, ONNXField.Tensor.externalData, ONNXField.Tensor.dataLocation,
    ]

    /// The message at `place` with `data` in the place of the first field about data, and without the others.
    static func edit(_ bytes: ByteView, _ place: Range<Int>, data: PieceList) throws(TamisError) -> MessageRewriter.Edit {
        var content = PieceList()
        var copied = place.lowerBound
        var isWritten = false
        var reader = WireReader(bytes, place)
        var start = place.lowerBound
        while let field = try reader.next() {
            if dataFields.contains(field.number) {
                content.append(copied..<start)
                if !isWritten { content.append(data) }
                isWritten = true
                copied = reader.position
            }
            start = reader.position
        }
        content.append(copied..<place.upperBound)
        return MessageRewriter.Edit(place: place, content: content)
    }

    /// A `raw_data` of bytes that are somewhere in the model.
    static func rawData(file: Int, _ range: Range<UInt64>) -> PieceList {
        var data = PieceList()
        var header = WireWriter()
        header.header(ONNXField.Tensor.rawData, byteCount: range.byteCount)
        data.append(header.bytes)
        data.append(file: file, range)
        return data
    }

    static func rawData(_ content: [UInt8]) -> PieceList {
        var data = PieceList()
        var field = WireWriter()
        field.message(ONNXField.Tensor.rawData, content)
        data.append(field.bytes)
        return data
    }

    static func externalData(location: String, offset: UInt64, length: UInt64) -> PieceList {
        var fields = WireWriter()
        for (key, value) in [("location", location), ("offset", "\(offset)"), ("length", "\(length)")] {
            var entry = WireWriter()
            entry.message(ONNXField.StringStringEntry.key, Array(key.utf8))
            entry.message(ONNXField.StringStringEntry.value, Array(value.utf8))
            fields.message(ONNXField.Tensor.externalData, entry.bytes)
        }
        fields.integer(ONNXField.Tensor.dataLocation, ONNXField.DataLocation.external)
        var data = PieceList()
        data.append(fields.bytes)
        return data
    }
}
