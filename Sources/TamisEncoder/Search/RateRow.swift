import TamisArithmetic

/// The layout of `IndexRates` as constants that the compiler sees: functions of package types are not inlined across modules.
enum RateRow {
    static let padding = 8
    static let length = 32
    static let last: Int32 = 31
    static let parityStride = 128
    static let classStride = 256
    /// To be held true where rates are made.
    static var agreesWithRates: Bool {
        padding == IndexRates.padding && length == IndexRates.rowLength && parityStride == IndexRates.parityStride && classStride == IndexRates.classStride
    }
}

extension IndexBinarization.Class {
    /// `neighbourClass(of:)`.
    @inline(__always)
    func near(_ sum: UInt32) -> Int { (sum >= threshold1 ? 1 : 0) &+ (sum >= threshold2 ? 1 : 0) &+ (sum >= threshold3 ? 1 : 0) }
}
