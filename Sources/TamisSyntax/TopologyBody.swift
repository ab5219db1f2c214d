import TamisBits
import TamisModel

/// Spec §4.3. The files of the model, its tensors, and which tensor fills which hole of which file.
package struct TopologyBody: SyntaxStructure, Equatable, Sendable {
    package var files: [FileEntry] = []
    package var tensors: [TensorEntry] = []
    /// By file, then by place.
    package var holes: [HoleEntry] = []
    /// Further names of tensors.
    package var aliases: [TensorAlias] = []

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("topology_body")
        try visitor.list(count: "file_count", &files, bound: \.files, minimumItemBytes: 2)
        try visitor.list(count: "tensor_count", &tensors, bound: \.tensors, minimumItemBytes: 3)
        try visitor.list(count: "hole_count", &holes, bound: \.holes, minimumItemBytes: 3)
        try visitor.list(count: "alias_count", &aliases, bound: \.holes, minimumItemBytes: 2)
        visitor.end()
    }
}

/// Spec §4.3. One file of the model.
package struct FileEntry: SyntaxStructure, Equatable, Sendable {
    /// A relative path. Nothing is ever opened by this name without the user's word.
    package var name = ""
    /// Bytes of the file outside its holes.
    package var skeletonBytes: UInt64 = 0

    package static let maximumNameBytes: UInt64 = 1024
    package static let maximumComponents = 16
    package static let maximumComponentBytes = 255

    package init() {}

    /// True if `name` is a path that leads downwards, whatever system reads it: components separated by `/`, none of them empty, `.`,
    /// `..` or longer than 255 bytes, and no `\`.
    package static func isRelativePath(_ name: String) -> Bool {
        // By bytes: a character that contains a slash, such as one with an accent, does not equal one.
        let bytes = Array(name.utf8)
        let components = bytes.split(separator: 0x2F, omittingEmptySubsequences: false)
        return bytes.count <= maximumNameBytes && !bytes.contains(0x5C) && components.count <= maximumComponents
            && components.allSatisfy { !$0.isEmpty && $0.count <= maximumComponentBytes && Array($0) != Array(".".utf8) && Array($0) != Array("..".utf8) }
    }

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("file_entry")
        try visitor.text("file_name", &name, maximumBytes: Self.maximumNameBytes)
        try visitor.uv("skeleton_bytes", &skeletonBytes, 0...UInt64.max)
        visitor.end()
    }
}

/// Spec §4.3. One tensor: what is known of it without its values.
package struct TensorEntry: SyntaxStructure, Equatable, Sendable {
    package var name = ""
    package var elementType: UInt8 = 0
    package var dimensions: [UInt64] = []

    /// Codes beyond the last one up to the maximum are reserved for later.
    private static let lastElementType: UInt8 = 28
    private static let maximumElementType: UInt8 = 63

    package init() {}

    package init(_ tensor: TensorDescription) {
        name = tensor.name
        elementType = tensor.elementType.rawValue
        dimensions = tensor.shape.dimensions
    }

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("tensor_entry")
        try visitor.text("tensor_name", &name, maximumBytes: Syntax.maximumTextBytes)
        try visitor.u8("element_type", &elementType, 1...Self.maximumElementType)
        if ElementType(rawValue: elementType) == nil {
            if elementType > Self.lastElementType { throw visitor.unsupported("element_type", "element type \(elementType)") }
            throw visitor.contradiction("element_type", .valueOutOfRange, "no element type has the code \(elementType)")
        }
        var rank = UInt8(clamping: dimensions.count)
        try visitor.u8("rank", &rank, 0...Syntax.maximumRank)
        if visitor.isReading { dimensions = [UInt64](repeating: 0, count: Int(rank)) }
        for axis in dimensions.indices { try visitor.uv("dimension", &dimensions[axis], 0...UInt64.max) }
        visitor.end()
    }
}

/// Spec §4.3. A place in a file's skeleton where the bytes of a tensor belong.
package struct HoleEntry: SyntaxStructure, Equatable, Sendable {
    package var fileIndex: UInt64 = 0
    /// Skeleton bytes between the previous hole of the same file (or the file's start) and this one.
    package var gapBytes: UInt64 = 0
    package var tensorIndex: UInt64 = 0

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("hole_entry")
        try visitor.uv("hole_file_index", &fileIndex, 0...UInt64(UInt32.max))
        try visitor.uv("gap_bytes", &gapBytes, 0...UInt64.max)
        try visitor.uv("hole_tensor_index", &tensorIndex, 0...UInt64(UInt32.max))
        visitor.end()
    }
}

/// Spec §4.3. A further name of a tensor.
package struct TensorAlias: SyntaxStructure, Equatable, Sendable {
    package var name = ""
    package var tensorIndex: UInt64 = 0

    package init() {}

    package init(name: String, tensor: Int) {
        self.name = name
        tensorIndex = UInt64(tensor)
    }

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("tensor_alias")
        try visitor.text("alias_name", &name, maximumBytes: Syntax.maximumTextBytes)
        try visitor.uv("alias_tensor_index", &tensorIndex, 0...UInt64(UInt32.max))
        visitor.end()
    }
}
