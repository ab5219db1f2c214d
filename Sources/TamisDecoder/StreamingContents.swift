import TamisBits
import TamisSyntax

/// What a stream has held so far, to be held against its index in the end (Spec §3.4).
struct StreamingContents {
    private struct Seat {
        let unit: Int
        /// Place of the element that names the tensor.
        let offset: UInt64
    }

    private var tensors: [Seat?] = []
    private var skeletons: [Bool] = []

    /// Before the topology.
    init() {}

    init(_ topology: Topology) {
        tensors = topology.tensors.map { _ in nil }
        skeletons = topology.files.map { _ in false }
    }

    func hasSkeleton(of file: Int) -> Bool { skeletons[file] }

    mutating func takeSkeleton(of file: Int) { skeletons[file] = true }

    /// - Throws: `duplicate` if the tensor was there before.
    mutating func take(_ tensor: CodedTensor, _ unit: StreamUnit, _ scope: CodingScope) throws(TamisError) {
        try take(tensor.tensor, Seat(unit: unit.number, offset: unit.payloadOffset), unit, scope)
    }

    mutating func take(_ group: CodedGroup, _ unit: StreamUnit, _ scope: CodingScope) throws(TamisError) {
        guard var offset = unit.place(of: "entry_tensor_index", number: 0) else { return }
        for member in group.members {
            try take(member.tensor, Seat(unit: unit.number, offset: offset), unit, scope)
            offset += UInt64(try member.entry.encoded().count)
        }
    }

    private mutating func take(_ tensor: Int, _ seat: Seat, _ unit: StreamUnit, _ scope: CodingScope) throws(TamisError) {
        if let before = tensors[tensor] {
            throw TamisError(
                .duplicate, "the unit holds '\(scope.topology.tensors[tensor].name)', which unit \(before.unit) holds already", unit: unit.label,
                element: Self.element(unit), byteOffset: seat.offset)
        }
        tensors[tensor] = seat
    }

    /// Refuses what the index places elsewhere, then what lacks.
    ///
    /// - Parameter units: those before the end unit.
    func check(against index: IndexUnit?, _ scope: CodingScope, _ units: [StreamUnit]) throws(TamisError) {
        guard let index else { return }
        let misplaced = zip(tensors, index.tensorUnits).enumerated().compactMap { tensor, pair -> (tensor: Int, seat: Seat)? in
            pair.0.flatMap { UInt64($0.unit) == pair.1.unitNumber ? nil : (tensor, $0) }
        }
        if let first = misplaced.min(by: { $0.seat.offset < $1.seat.offset }) {
            let unit = units[first.seat.unit]
            try unit.naming { () throws(TamisError) in
                throw scope.misplaced(first.tensor, at: index.tensorUnits[first.tensor], Self.element(unit), first.seat.offset)
            }
        }
        if let tensor = tensors.firstIndex(where: { $0 == nil }) {
            throw scope.missing(tensor, in: units[Int(index.tensorUnits[tensor].unitNumber)])
        }
        if let file = skeletons.firstIndex(of: false) { throw scope.missingSkeleton(file) }
    }

    private static func element(_ unit: StreamUnit) -> String { unit.type == .group ? "entry_tensor_index" : "tensor_index" }
}
