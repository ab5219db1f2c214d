import TamisBits
import TamisThreads
import TamisZstd

extension EncodedStream {
    /// Decodes one tensor, reading only its own unit.
    ///
    /// - Returns: its elements, little-endian, in C order.
    package func decode(tensor number: Int, threads: ThreadCount) throws(TamisError) -> [UInt8] {
        precondition(topology.tensors.indices.contains(number))
        let unit = units[Int(index.tensorUnits[number].unitNumber)]
        let byteCount = Int(topology.tensors[number].byteCount ?? 0)
        if unit.type == .group {
            let group = try CodedGroup(unit, of: self)
            guard let member = group.members.first(where: { $0.tensor == number }) else { throw missing(number, in: unit) }
            var bytes = [UInt8](repeating: 0, count: group.byteCount)
            try bytes.withRegion { (region) throws(TamisError) in
                try unit.naming { () throws(TamisError) in try group.decode(into: region) }
            }
            return Array(bytes[member.bytes])
        }
        let tensor = try CodedTensor(unit, of: self)
        if tensor.tensor != number { throw missing(number, in: unit) }
        var bytes = [UInt8](repeating: 0, count: byteCount)
        try bytes.withRegion { (region) throws(TamisError) in
            try unit.naming { () throws(TamisError) in
                switch tensor.content {
                case .raw(let frame): try Zstandard.decompress(frame, into: region)
                case .index(let content):
                    let classes = try content.decodeClasses()
                    try firstError(content.slices.count, threads) { slice throws(TamisError) in
                        try content.decode(slice: slice, sliceElements: sliceElements, classes: classes, into: region)
                    }
                }
                try tensor.checkDigest(region.view)
            }
        }
        return bytes
    }
}
