import TamisModel
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Shards of a model with measured statistics")
struct ShardStatisticsTests {
    /// Biases take up what the coding of weights in other shards does.
    @Test(arguments: [2, 3, 5])
    func biases(_ count: Int) throws {
        var model = ModelSource()
        var measured: [String: MeasuredInputs] = [:]
        for layer in 0..<4 {
            let role = LayerRole(consumer: .convolution, outputAxis: 0, outputAxisCount: 1, inputAxes: [1], kernelAxes: [], groups: 1, inputSign: .nonNegative, bias: 2 * layer + 1)
            model.add("weight\(layer)", [120, 24], scale: 0.1, seed: UInt64(layer), role: role)
            model.add("bias\(layer)", [120], scale: 0.02, seed: UInt64(10 + layer), role: LayerRole(consumer: .bias(of: 2 * layer), outputAxis: 0, outputAxisCount: 1))
            measured["weight\(layer)"] = MeasuredInputs(groups: 1, inputs: 24, isOrdered: false, meanScale: 3, biasCorrection: [], seed: UInt64(20 + layer))
        }
        for options in [EncodingOptions(effort: 3, exclusions: []), EncodingOptions(target: .step(0.02), effort: 1)] {
            var options = options
            options.statistics = measured.mapValues(\.statistics)
            let whole = StreamParts(try model.encoded(options).stream).units
            var units = Array(whole[..<3])
            for number in 0..<count {
                options.shard = Shard(number: number, count: count)
                let parts = StreamParts(try model.encoded(options).stream).units
                #expect(parts[1...2] == whole[1...2])
                units += parts[3...].dropLast(2)
            }
            #expect(units == whole.dropLast(2))
        }
    }
}
