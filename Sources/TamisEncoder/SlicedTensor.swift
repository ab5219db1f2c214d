import TamisQuantization

/// A tensor that is quantized slice by slice.
struct SlicedTensor: Sendable {
    let hole: Int
    let quantizer: DeadzoneQuantizer
    let view: MatrixView
    let rowAxisCount: UInt8
    let magnitudeCode: UInt8
    let signDistances: [(first: Int, second: Int)]
    var rows: [Int8] = []
    var columns: [Int8] = []
}
