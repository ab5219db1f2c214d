import TamisBits
import TamisThreads

extension EncodedStream {
    /// Decodes one tensor, reading only its own unit.
    ///
    /// - Returns: its elements, little-endian, in C order.
    package func decode(tensor number: Int, threads: ThreadCount) throws(TamisError) -> [UInt8] {
        precondition(topology.tensors.indices.contains(number))
        let unit = units[Int(index.tensorUnits[number].unitNumber)]
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
        var bytes = [UInt8](repeating: 0, count: Int(tensor.description.byteCount ?? 0))
        try bytes.withRegion { (region) throws(TamisError) in
            var jobs = UnitJobs(sliceElements: sliceElements)
            jobs.add(unit, .tensor(tensor, region), weight: 0)
            try jobs.run(threads: threads) { _ in }
            try unit.naming { () throws(TamisError) in try tensor.checkDigest(region.view) }
        }
        return bytes
    }
}
