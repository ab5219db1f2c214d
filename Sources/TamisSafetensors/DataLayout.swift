import TamisBits
import TamisModel

/// A tensor as the header describes it.
struct HeaderTensor {
    let name: String
    let type: SafetensorsType
    let shape: Shape
    /// Bytes `begin ..< end` of the data.
    let begin: UInt64
    let end: UInt64
    /// Where in the file its name stands.
    let place: Int
}

/// Tensors must fill the data exactly: each as long as its type and shape say, one after the other.
enum DataLayout {
    /// `tensors` in the order of their bytes.
    ///
    /// - Parameter data: the bytes of the file behind the header.
    static func entries(of tensors: [HeaderTensor], in data: Range<Int>) throws(TamisError) -> [SafetensorsFile.Entry] {
        // Tensors without elements may share a place, and stay in the order of the header.
        let order = tensors.indices.sorted {
            let (first, second) = (tensors[$0], tensors[$1])
            return (first.begin, first.end, $0) < (second.begin, second.end, $1)
        }
        var entries: [SafetensorsFile.Entry] = []
        entries.reserveCapacity(tensors.count)
        var position: UInt64 = 0
        for number in order {
            let tensor = tensors[number]
            try checkLength(tensor)
            if tensor.begin != position {
                let fault = tensor.begin < position ? "overlap those of another tensor, which end" : "leave a gap: the tensors before end"
                throw HeaderReader.fault("its bytes \(tensor.begin) ..< \(tensor.end) of the data \(fault) at \(position)", name: tensor.name, at: tensor.place)
            }
            if tensor.end > UInt64(data.count) {
                throw TamisError(
                    .truncated, "its bytes \(tensor.begin) ..< \(tensor.end) of the data are beyond the end of the file: the data have \(data.count)",
                    element: HeaderReader.quoted(tensor.name), byteOffset: UInt64(data.upperBound),
                    advice: "the file is damaged or was not copied completely; fetch it again")
            }
            position = tensor.end
            let range = (data.lowerBound + Int(tensor.begin))..<(data.lowerBound + Int(tensor.end))
            entries.append(SafetensorsFile.Entry(name: tensor.name, type: tensor.type, shape: tensor.shape, range: range))
        }
        if position != UInt64(data.count) {
            throw HeaderReader.fault("the tensors end \(UInt64(data.count) - position) bytes before the end of the file", at: data.lowerBound + Int(position))
        }
        return entries
    }

    private static func checkLength(_ tensor: HeaderTensor) throws(TamisError) {
        if tensor.begin > tensor.end {
            throw HeaderReader.fault("its data_offsets are [\(tensor.begin), \(tensor.end)], expected the end not before the beginning", name: tensor.name, at: tensor.place)
        }
        let (bits, overflow) = tensor.shape.elementCount.multipliedReportingOverflow(by: tensor.type.bitCount)
        if overflow { throw HeaderReader.fault("its shape \(tensor.shape) has more elements than there can be", name: tensor.name, at: tensor.place) }
        if bits % 8 != 0 {
            throw HeaderReader.fault(
                "its \(tensor.shape.elementCount) elements of \(tensor.type.bitCount) bits do not end at a byte", name: tensor.name, at: tensor.place)
        }
        let length = tensor.end - tensor.begin
        if length != bits / 8 {
            throw HeaderReader.fault(
                "its data_offsets span \(length) bytes, expected \(bits / 8) for \(tensor.type.rawValue) and the shape \(tensor.shape)", name: tensor.name,
                at: tensor.place)
        }
    }
}
