import TamisBits

/// A struct of the header whose first member is its own size, as whoever compiled the caller knew it.
protocol VersionedStruct {
    /// Its name in C.
    static var cName: StaticString { get }
    /// Members at their defaults.
    init()
    var size: Int { get set }
}

extension VersionedStruct {
    /// No struct of this library will ever be larger.
    private static var mostBytes: Int { 4096 }

    /// What `pointer` points at; members that the caller does not know are 0.
    ///
    /// - Throws: `invalid_argument` if the size cannot be; `unsupported_feature` if members are set that this library does not know.
    init(reading pointer: UnsafePointer<Self>) throws(TamisError) {
        self.init()
        let raw = UnsafeRawPointer(pointer)
        let size = try Self.size(at: raw)
        let own = MemoryLayout<Self>.size
        withUnsafeMutableBytes(of: &self) { $0.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: min(size, own))) }
        if size > own, (own..<size).contains(where: { raw.load(fromByteOffset: $0, as: UInt8.self) != 0 }) {
            throw TamisError(
                .unsupportedFeature, "\(Self.cName) has members that this version does not know", element: "\(Self.cName)",
                advice: "use the library that belongs to the header")
        }
        self.size = own
    }

    /// Puts the members that the caller knows to `pointer`.
    ///
    /// - Throws: as above.
    func write(to pointer: UnsafeMutablePointer<Self>) throws(TamisError) {
        let raw = UnsafeMutableRawPointer(pointer)
        let size = try Self.size(at: UnsafeRawPointer(raw))
        var copy = self
        copy.size = size
        withUnsafeBytes(of: copy) { bytes in
            raw.copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(raw), byteCount: min(size, bytes.count))
        }
    }

    /// Refuses what `write` would refuse.
    static func check(_ pointer: UnsafeMutablePointer<Self>) throws(TamisError) { _ = try size(at: UnsafeRawPointer(pointer)) }

    private static func size(at pointer: UnsafeRawPointer) throws(TamisError) -> Int {
        let size = pointer.load(as: Int.self)
        if size < MemoryLayout<Int>.size || size > mostBytes {
            throw TamisError(
                .invalidArgument, "the member 'size' of \(cName) is \(UInt(bitPattern: size)), expected sizeof(\(cName))", element: "\(cName)",
                advice: "initialize the struct with its _INIT macro")
        }
        return size
    }
}
