import CTamis
import TamisBits
import TamisModel

extension tamis_tensor_info: VersionedStruct { static var cName: StaticString { "tamis_tensor_info" } }
extension tamis_file_info: VersionedStruct { static var cName: StaticString { "tamis_file_info" } }

/// Descriptions of tensors as C has them, with the memory that they point at.
final class TensorTable: @unchecked Sendable {
    let tensors: [TensorDescription]
    private let names: [CText]
    /// Of all tensors, one after the other.
    private let dimensions: UnsafeMutablePointer<UInt64>
    private let places: [Int]

    init(_ tensors: [TensorDescription]) {
        self.tensors = tensors
        names = tensors.map { CText($0.name) }
        var places = [0]
        for tensor in tensors { places.append((places.last ?? 0) + tensor.shape.rank) }
        self.places = places
        dimensions = .allocate(capacity: max(places.last ?? 0, 1))
        for (tensor, place) in zip(tensors, places) {
            for (axis, dimension) in tensor.shape.dimensions.enumerated() { dimensions[place + axis] = dimension }
        }
    }

    deinit { dimensions.deallocate() }

    /// - Throws: `invalid_argument` if there is no such tensor.
    func require(_ number: Int) throws(TamisError) -> TensorDescription {
        if tensors.indices.contains(number) { return tensors[number] }
        throw .noSuch("tensor", number, of: tensors.count)
    }

    func write(_ number: Int, to info: UnsafeMutablePointer<tamis_tensor_info>?) throws(TamisError) {
        let tensor = try require(number)
        var own = tamis_tensor_info()
        own.name = names[number].pointer
        own.element_type = tamis_element_type(rawValue: UInt32(tensor.elementType.rawValue))
        own.rank = tensor.shape.rank
        own.dimensions = UnsafePointer(dimensions + places[number])
        own.element_count = tensor.shape.elementCount
        own.byte_count = tensor.byteCount ?? 0
        try own.write(to: try required(info, "info"))
    }
}

/// Descriptions of files as C has them.
struct FileTable: Sendable {
    private let names: [CText]
    private let byteCounts: [UInt64]

    var count: Int { names.count }

    init(_ files: [(name: String, byteCount: UInt64)]) {
        names = files.map { CText($0.name) }
        byteCounts = files.map(\.byteCount)
    }

    /// - Returns: bytes of the file.
    /// - Throws: `invalid_argument` if there is no such file.
    @discardableResult
    func require(_ number: Int) throws(TamisError) -> UInt64 {
        if names.indices.contains(number) { return byteCounts[number] }
        throw .noSuch("file", number, of: names.count)
    }

    func write(_ number: Int, to info: UnsafeMutablePointer<tamis_file_info>?) throws(TamisError) {
        var own = tamis_file_info()
        own.byte_count = try require(number)
        own.name = names[number].pointer
        try own.write(to: try required(info, "info"))
    }
}

extension TamisError {
    /// - Parameter kind: what there is not, in the singular; also the name of the argument.
    static func noSuch(_ kind: String, _ number: Int, of count: Int) -> TamisError {
        TamisError(.invalidArgument, "there is no \(kind) \(UInt(bitPattern: number)), the number of them is \(count)", element: kind)
    }
}
