import TamisBits
import TamisEncoder
import TamisModel
import TamisSafetensors

/// Takes the tensors of a file of statistics together, layer by layer.
struct StatisticsReader {
    private static let suffixes = ["factor", "order", "mean", "bias_correction"]

    /// The whole file.
    let bytes: ByteView
    /// Its name, for errors.
    let file: String?

    /// - Parameter entries: the tensors of the file, with unique names.
    /// - Returns: the statistics by the names of the layers' weights.
    func layers(_ entries: [SafetensorsFile.Entry]) throws(TamisError) -> [String: LayerStatistics] {
        var parts: [String: [String: SafetensorsFile.Entry]] = [:]
        // In the order of the file, so that the first fault is the one that is told.
        var names: [String] = []
        for entry in entries {
            guard let slash = entry.name.lastIndex(of: "/"), Self.suffixes.contains(String(entry.name[entry.name.index(after: slash)...])) else {
                throw fault("the name does not end in \(Self.suffixes.map { "/\($0)" }.joined(separator: ", "))", entry)
            }
            let name = String(entry.name[..<slash])
            let suffix = String(entry.name[entry.name.index(after: slash)...])
            if parts[name] == nil { names.append(name) }
            if parts[name, default: [:]].updateValue(entry, forKey: suffix) != nil { throw fault("is given a second time", entry) }
        }
        var layers: [String: LayerStatistics] = [:]
        for name in names { layers[name] = try layer(name, parts[name] ?? [:]) }
        return layers
    }

    private func layer(_ name: String, _ parts: [String: SafetensorsFile.Entry]) throws(TamisError) -> LayerStatistics {
        guard let factor = parts["factor"] else {
            throw TamisError(.invalidStatistics, "has no tensor '/factor', which the others are of no use without", file: file, element: StatisticsFile.quoted(name))
        }
        let dimensions = factor.shape.dimensions
        guard factor.type == .float32, [2, 3].contains(dimensions.count), dimensions.allSatisfy({ $0 > 0 }), dimensions.suffix(1) == dimensions.suffix(2).prefix(1) else {
            throw fault("is \(described(factor)), expected F32 [groups, n, n] or [n, n]", factor)
        }
        // Both fit, as that many elements are in memory.
        let inputs = Int(dimensions[dimensions.count - 1])
        let groups = dimensions.count == 3 ? Int(dimensions[0]) : 1
        if let problem = StoredFactor(bytes[factor.range], groups: groups, size: inputs).problem { throw fault(problem, factor) }
        return LayerStatistics(
            groups: groups, inputs: inputs, factor: bytes[factor.range], order: try parts["order"].map { (entry) throws(TamisError) in try order(entry, inputs) } ?? [],
            mean: try parts["mean"].map { (entry) throws(TamisError) in try floats(entry, shape: [UInt64(groups), UInt64(inputs)], "[groups, n] = [\(groups), \(inputs)]") } ?? [],
            biasCorrection: try parts["bias_correction"].map { (entry) throws(TamisError) in try floats(entry, shape: nil, "[outputs]") } ?? [])
    }

    /// A permutation of `0 ..< count`.
    private func order(_ entry: SafetensorsFile.Entry, _ count: Int) throws(TamisError) -> [Int] {
        if entry.type != .int64 || entry.shape.dimensions != [UInt64(count)] { throw fault("is \(described(entry)), expected I64 [n] = [\(count)]", entry) }
        let view = bytes[entry.range]
        var isTaken = [Bool](repeating: false, count: count)
        var order: [Int] = []
        order.reserveCapacity(count)
        for place in 0..<count {
            let weight = view.load(8 * place, as: Int64.self)
            guard weight >= 0, weight < Int64(count) else { throw fault("has \(weight) in place \(place), expected 0 ..< \(count)", entry) }
            if isTaken[Int(weight)] { throw fault("has \(weight) a second time in place \(place), expected each of 0 ..< \(count) once", entry) }
            isTaken[Int(weight)] = true
            order.append(Int(weight))
        }
        return order
    }

    /// Finite numbers.
    ///
    /// - Parameters:
    ///   - shape: nil for a list of any length but 0.
    ///   - expected: the shape in words.
    private func floats(_ entry: SafetensorsFile.Entry, shape: [UInt64]?, _ expected: String) throws(TamisError) -> [Float] {
        let isSound = shape.map { entry.shape.dimensions == $0 } ?? (entry.shape.rank == 1 && entry.shape.elementCount > 0)
        if entry.type != .float32 || !isSound { throw fault("is \(described(entry)), expected F32 \(expected)", entry) }
        let view = bytes[entry.range]
        var values: [Float] = []
        values.reserveCapacity(view.count / 4)
        for place in 0..<(view.count / 4) {
            let value = Float(bitPattern: view.load(4 * place, as: UInt32.self))
            if !value.isFinite { throw fault("has \(value) in place \(place), expected a finite number", entry) }
            values.append(value)
        }
        return values
    }

    private func described(_ entry: SafetensorsFile.Entry) -> String { "\(entry.type.rawValue) \(entry.shape)" }

    private func fault(_ message: String, _ entry: SafetensorsFile.Entry) -> TamisError {
        TamisError(.invalidStatistics, message, file: file, element: StatisticsFile.quoted(entry.name))
    }
}
