import TamisBits
import TamisDigest
import TamisModel
import TamisThreads

extension SourceModel {
    /// Tensors of fewer bytes are not worth a look.
    private static let fewestShared: UInt64 = 64
    /// Of a tensor that is looked at first, at its beginning, middle and end.
    private static let sampledBytes = 4096

    /// The same model with tensors of the same type, shape and bytes as one: the later ones become further names of the first.
    ///
    /// Time is proportional to the bytes of tensors that look alike.
    func sharingEqualTensors(_ bytes: SourceBytes, _ threads: ThreadCount) throws(TamisError) -> SourceModel {
        var firstHoles = [Hole?](repeating: nil, count: tensors.count)
        for hole in holes where firstHoles[hole.tensor] == nil { firstHoles[hole.tensor] = hole }
        let places = firstHoles.compactMap { $0 }
        let isCandidate = places.map { $0.byteCount >= Self.fewestShared }
        let samples = try parallelMap(tensors.count, threads: threads) { _, number in
            isCandidate[number] ? Self.sample(bytes[places[number]]) : 0
        }
        struct Look: Hashable {
            let type: ElementType
            let dimensions: [UInt64]
            let hash: UInt64
        }
        func look(_ number: Int, _ hash: UInt64) -> Look {
            Look(type: tensors[number].elementType, dimensions: tensors[number].shape.dimensions, hash: hash)
        }
        var alike: [Look: Int] = [:]
        for number in tensors.indices where isCandidate[number] { alike[look(number, samples[number]), default: 0] += 1 }
        let doubtful = tensors.indices.filter { isCandidate[$0] && alike[look($0, samples[$0]), default: 0] > 1 }
        let hashes = try parallelMap(doubtful.count, threads: threads) { _, place -> UInt64 in
            defer { bytes.release(places[doubtful[place]]) }
            return unsafe XXH64.of(bytes[places[doubtful[place]]].buffer)
        }
        var first: [Look: Int] = [:]
        var original = Array(tensors.indices)
        for (number, hash) in zip(doubtful, hashes) {
            let look = look(number, hash)
            if let earlier = first[look] {
                // Equal hashes may be made on purpose.
                if bytes[places[earlier]].isEqual(to: bytes[places[number]]) { original[number] = earlier }
                bytes.release(places[earlier])
                bytes.release(places[number])
            } else {
                first[look] = number
            }
        }
        return sharing(original)
    }

    private static func sample(_ tensor: ByteView) -> UInt64 {
        if tensor.count <= 3 * sampledBytes { return unsafe XXH64.of(tensor.buffer) }
        var hash = XXH64()
        for start in [0, tensor.count / 2 - sampledBytes / 2, tensor.count - sampledBytes] {
            unsafe hash.update(tensor[start..<(start + sampledBytes)].buffer)
        }
        return hash.value
    }

    /// - Parameter original: for each tensor the one that stands for it, itself or an earlier one.
    private func sharing(_ original: [Int]) -> SourceModel {
        if original == Array(tensors.indices) { return self }
        var numbers = [Int](repeating: 0, count: tensors.count)
        var kept: [Int] = []
        var uses = [Int](repeating: 0, count: tensors.count)
        for number in tensors.indices {
            uses[original[number]] += 1
            if original[number] == number {
                numbers[number] = kept.count
                kept.append(number)
            } else {
                numbers[number] = numbers[original[number]]
            }
        }
        // What is shared must not be changed for the sake of one of its layers.
        func link(_ number: Int?) -> Int? { number.flatMap { uses[original[$0]] == 1 ? numbers[$0] : nil } }
        var roles = kept.map { role(of: $0)?.linked(link) }
        for number in tensors.indices where original[number] != number && roles[numbers[number]] != role(of: number)?.linked(link) {
            roles[numbers[number]] = .other
        }
        return SourceModel(
            format: format, files: files, tensors: kept.map { tensors[$0] },
            holes: holes.map { Hole(file: $0.file, offset: $0.offset, byteCount: $0.byteCount, tensor: numbers[$0.tensor]) },
            aliases: aliases.map { Alias(name: $0.name, tensor: numbers[$0.tensor]) }
                + tensors.indices.filter { original[$0] != $0 }.map { Alias(name: tensors[$0].name, tensor: numbers[$0]) },
            floatElementCount: floatElementCount, roles: roles)
    }
}

extension LayerRole {
    /// The same role with other numbers of tensors.
    ///
    /// - Parameter link: a tensor's number among others; nil if the tensors shall not know of each other.
    fileprivate func linked(_ link: (Int?) -> Int?) -> LayerRole {
        var consumer = consumer
        if case .bias(let weight) = consumer { consumer = .bias(of: link(weight)) }
        return LayerRole(
            consumer: consumer, outputAxis: outputAxis, outputAxisCount: outputAxisCount, inputAxes: inputAxes, kernelAxes: kernelAxes, groups: groups,
            inputSign: inputSign, bias: link(bias))
    }
}
