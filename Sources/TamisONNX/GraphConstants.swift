import TamisBits

/// Reads the few constants of a graph that roles depend on: shapes, axes, bounds, factors.
struct GraphConstants {
    /// Entries of a list of axes or dimensions.
    private static let maximumIntegerCount = 16
    /// Elements whose sign is looked at; factors and offsets of channels have no more, weights do.
    private static let maximumElementCount = 4096

    let bytes: ByteView
    let tensors: [FoundTensor]
    let graph: LayerGraph

    /// The integer attribute `name` of `node`, or `standard` if it has none; nil if it cannot be read.
    func integer(_ name: String, of node: GraphNode, or standard: Int64) -> Int64? {
        do throws(TamisError) {
            guard let attribute = try NodeAttribute.find(name, inNode: node.place, of: bytes) else { return standard }
            return attribute.integer ?? standard
        } catch {
            return nil
        }
    }

    /// The attribute `name` of `node`, or nil.
    func attribute(_ name: String, of node: GraphNode) -> NodeAttribute? {
        do throws(TamisError) { return try NodeAttribute.find(name, inNode: node.place, of: bytes) } catch { return nil }
    }

    /// The list that input `position` of `node` is, or its attribute `name`; nil if there is neither, or it is no constant.
    func integers(_ name: String, input position: Int, of node: GraphNode) -> [Int64]? {
        switch graph.source(position, of: node) {
        case nil: attribute(name, of: node)?.integers
        case .tensor(let tensor): integers(of: tensors[Int(tensor)].record)
        case .list(let list): graph.lists[Int(list)]
        default: nil
        }
    }

    /// Whether input `position` of `node` is a single constant that is not negative.
    func isNonNegative(input position: Int, of node: GraphNode) -> Bool {
        switch graph.source(position, of: node) {
        case .tensor(let tensor): isNonNegative(tensor: tensor, maximumElementCount: 1)
        case .constant(let isNonNegative): isNonNegative
        default: false
        }
    }

    /// Whether no element of the tensor is negative; false if there are more than so many, or if they cannot be read.
    func isNonNegative(tensor: Int32, maximumElementCount: Int = Self.maximumElementCount) -> Bool {
        let record = tensors[Int(tensor)].record
        let width: Int
        // Magnitudes beyond infinity are no numbers.
        let infinity: UInt64
        switch (record.dataType.name, record.storage) {
        case ("float32", .rawData), ("float32", .floatData): (width, infinity) = (4, 0x7F80_0000)
        case ("float64", .rawData), ("float64", .doubleData): (width, infinity) = (8, 0x7FF0_0000_0000_0000)
        case ("float16", .rawData): (width, infinity) = (2, 0x7C00)
        case ("bfloat16", .rawData): (width, infinity) = (2, 0x7F80)
        default: return false
        }
        let payload = record.payload
        guard payload.count == record.byteCount, payload.count % width == 0, payload.count <= width * maximumElementCount else { return false }
        let sign = UInt64(1) << UInt64(8 * width - 1)
        for position in stride(from: payload.lowerBound, to: payload.upperBound, by: width) {
            var bits: UInt64 = 0
            for offset in 0..<width { bits |= UInt64(bytes[position + offset]) << UInt64(8 * offset) }
            // Minus zero is not negative.
            if bits & ~sign > infinity || (bits & sign != 0 && bits != sign) { return false }
        }
        return !payload.isEmpty
    }

    private func integers(of record: TensorRecord) -> [Int64]? {
        let payload = record.payload
        guard record.dataType.name == "int64", payload.count == record.byteCount else { return nil }
        var result: [Int64] = []
        switch record.storage {
        case .rawData:
            guard payload.count % 8 == 0, payload.count <= 8 * Self.maximumIntegerCount else { return nil }
            for position in stride(from: payload.lowerBound, to: payload.upperBound, by: 8) {
                result.append(Int64(bitPattern: bytes.load(position, as: UInt64.self)))
            }
        case .int64Data:
            var reader = WireReader(bytes, payload)
            do throws(TamisError) {
                while !reader.isAtEnd {
                    guard result.count < Self.maximumIntegerCount else { return nil }
                    result.append(Int64(bitPattern: try reader.varint()))
                }
            } catch {
                return nil
            }
        default: return nil
        }
        return result
    }
}
