import TamisBits
import TamisSyntax

/// What a coded unit must fit, but for its own bytes.
struct CodingScope: Sendable {
    let topology: Topology
    /// Elements of a slice, but for the last of a tensor.
    let sliceElements: Int
    /// For each tensor, where the index places it; nil as long as there is no index.
    let places: [TensorPlace]?

    /// No list of tensors is longer than the topology's.
    var tensorBounds: CountBounds {
        var bounds = CountBounds()
        bounds.tensors = .init(stated: UInt64(topology.tensors.count))
        return bounds
    }

    /// The tensor a coded unit names, provided the index, if it is known, places it in that unit.
    ///
    /// - Parameter number: of the element, among those of its name in the unit.
    func tensorIndex(_ value: UInt64, in unit: StreamUnit, _ element: StaticString, number: Int) throws(TamisError) -> Int {
        if value >= UInt64(topology.tensors.count) {
            throw TamisError(
                .valueOutOfRange, "the tensor has number \(value), there are \(topology.tensors.count)", element: "\(element)",
                byteOffset: unit.place(of: element.description, number: number))
        }
        if let places, places[Int(value)].unitNumber != UInt64(unit.number) {
            throw misplaced(Int(value), at: places[Int(value)], element.description, unit.place(of: element.description, number: number))
        }
        return Int(value)
    }

    /// A tensor in a unit in which the index does not place it.
    func misplaced(_ tensor: Int, at place: TensorPlace, _ element: String, _ offset: UInt64?) -> TamisError {
        TamisError(
            .duplicate, "the unit holds '\(topology.tensors[tensor].name)', which the index places in unit \(place.unitNumber)", element: element,
            byteOffset: offset)
    }

    /// A tensor that is not in the unit in which the index places it.
    func missing(_ tensor: Int, in unit: StreamUnit) -> TamisError {
        TamisError(
            .missing, "the index places '\(topology.tensors[tensor].name)' in this unit, which does not hold it", unit: unit.label,
            element: "unit_number", byteOffset: unit.offset)
    }

    /// Reads a skeleton unit, and checks what can be checked without decompressing its frame.
    ///
    /// - Parameter isKnown: whether a skeleton of the file was there before.
    func skeleton(in unit: StreamUnit, isKnown: (_ file: Int) -> Bool) throws(TamisError) -> (file: Int, frame: ByteView) {
        let (header, frame) = try unit.structure(SkeletonUnit.self)
        return try unit.naming { () throws(TamisError) in
            if header.fileIndex >= UInt64(topology.files.count) {
                throw TamisError(.valueOutOfRange, "skeleton of file \(header.fileIndex), there are \(topology.files.count)", element: "file_index")
            }
            let file = Int(header.fileIndex)
            if isKnown(file) { throw TamisError(.duplicate, "file \(file) has two skeletons", element: "file_index") }
            try Topology.checkExpansion(topology.files[file].skeletonBytes, frame: frame, "skeleton_bytes")
            return (file, frame)
        }
    }

    func missingSkeleton(_ file: Int) -> TamisError {
        TamisError(.missing, "the file '\(topology.files[file].name)' has no skeleton_unit", element: "file_index")
    }
}

extension EncodedStream {
    var codingScope: CodingScope { CodingScope(topology: topology, sliceElements: sliceElements, places: index.tensorUnits) }
}
