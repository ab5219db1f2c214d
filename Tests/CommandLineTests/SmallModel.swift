import Foundation
import TamisTestSupport

/// ONNX models written byte by byte (`onnx.proto3`).
enum SmallModel {
    struct Tensor {
        let name: String
        let dimensions: [Int]
        /// Elements, little-endian.
        let bytes: [UInt8]

        init(name: String, dimensions: [Int], values: [Float]) {
            self.name = name
            self.dimensions = dimensions
            bytes = values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } }
        }

        /// All elements zero.
        init(name: String, dimensions: [Int]) {
            self.name = name
            self.dimensions = dimensions
            bytes = [UInt8](repeating: 0, count: 4 * dimensions.reduce(1, *))
        }
    }

    /// A list of 100 values, a matrix of 8 × 20 and a few sizes: coded by index, in groups, and exact.
    static let plain = onnx([
        Tensor(name: "layer.weight", dimensions: [8, 20], values: values(160, seed: 1)),
        Tensor(name: "layer.bias", dimensions: [100], values: values(100, seed: 2)),
        Tensor(name: "sizes", dimensions: [4], values: [1, 2, 3, 4]),
    ])

    /// The 17 tensors of the demo.
    static func digits() throws -> [UInt8] {
        let demo = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return Array(try Data(contentsOf: demo.appendingPathComponent("Demo/digits.onnx")))
    }

    /// Irregular values between −1 and 1.
    static func values(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float(Int64(bitPattern: generator.next()) >> 40) / 0x1p23 }
    }

    static func onnx(_ tensors: [Tensor]) -> [UInt8] {
        var graph = field(2, Array("small".utf8))
        for tensor in tensors {
            var message: [UInt8] = []
            for dimension in tensor.dimensions { message += varint(1 << 3) + varint(dimension) }
            message += varint(2 << 3) + varint(1)
            message += field(8, Array(tensor.name.utf8))
            message += field(9, tensor.bytes)
            graph += field(5, message)
        }
        return varint(1 << 3) + varint(8) + field(2, Array("tests".utf8)) + field(8, varint(2 << 3) + varint(17)) + field(7, graph)
    }

    private static func field(_ number: Int, _ content: [UInt8]) -> [UInt8] { varint(number << 3 | 2) + varint(content.count) + content }

    private static func varint(_ value: Int) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
