import Foundation
import TamisTestSupport
import Testing

@Suite("Statistics of layers' inputs")
struct StatisticsTests {
    private typealias Tensor = Safetensors.Tensor

    /// A matrix product of 21 inputs and 70 outputs, and a convolution of 2 groups of 2 outputs with 3 × 2 weights each.
    private static func model(matrix: [Float], kernel: [Float]) -> [UInt8] {
        func tensor(_ name: String, _ shape: [Int], _ values: [Float]) -> [UInt8] {
            ONNX.tensor(name, dims: shape.map(Int64.init), .raw(Tensor("", shape, floats: values).bytes))
        }
        return ONNX.model(
            ONNX.graph(
                nodes: [
                    ONNX.node("MatMul", inputs: ["x", "matrix"], outputs: ["y"]),
                    ONNX.node("Conv", inputs: ["z", "kernel", "bias"], outputs: ["v"], [ONNX.integer("group", 2)]),
                ],
                initializers: [tensor("matrix", [21, 70], matrix), tensor("kernel", [4, 3, 2, 1], kernel), tensor("bias", [4], [1, 2, 3, 4])],
                inputs: ["x", "z"], outputs: ["y", "v"]))
    }

    private static let matrix = SmallModel.values(21 * 70, seed: 3)
    private static let kernel = SmallModel.values(24, seed: 4)
    private static let order = [3, 0, 5, 1, 4, 2]

    /// Upper triangular matrices one after the other.
    private static func factors(groups: Int, size: Int, seed: UInt64) -> [Float] {
        let values = SmallModel.values(groups * size * size, seed: seed)
        return values.indices.map { place in
            let (row, column) = (place / size % size, place % size)
            return row == column ? 1 + values[place].magnitude : row < column ? values[place] : 0
        }
    }

    private static let matrixFactor = factors(groups: 1, size: 21, seed: 5)
    private static let kernelFactor = factors(groups: 2, size: 6, seed: 6)

    private static func file(_ tensors: [Tensor]) -> [UInt8] { Safetensors.file(metadata: Safetensors.statisticsMetadata, tensors) }

    private static let sound = file([
        Tensor("matrix/factor", [21, 21], floats: matrixFactor), Tensor("matrix/mean", [1, 21], floats: SmallModel.values(21, seed: 7)),
        Tensor("kernel/factor", [2, 6, 6], floats: kernelFactor), Tensor("kernel/order", [6], integers: order.map(Int64.init)),
        Tensor("kernel/bias_correction", [4], floats: [0, 0.1, -0.1, 0]),
    ])

    /// A folder with `a.onnx`.
    private static func prepared() throws -> Folder {
        let folder = try Folder()
        try folder.write("a.onnx", model(matrix: matrix, kernel: kernel))
        return folder
    }

    // MARK: encode

    @Test("The file's digest is kept in the stream, wherever the file comes from; the decoded model has the same graph")
    func encode() throws {
        let folder = try Self.prepared()
        let path = try folder.write("s", Self.sound)
        let outcome = try Tool.run("encode", folder.path("a.onnx"), "--statistics", path)
        #expect(outcome.status == 0 && outcome.errors == "", "\(outcome.errors)")
        let options = try #require(try Tool.run("inspect", "--json", folder.path("a.tamis")).json["options"] as? String)
        #expect(options.wholeMatch(of: /--effort 5 --quality 15 --statistics sha256:[0-9a-f]{64}/) != nil)
        #expect(try Tool.run("compare", folder.path("a.onnx"), folder.path("a.tamis"), "--json").json["rest_identical"] as? Bool == true)
        let piped = try Tool.run("encode", folder.path("a.onnx"), "-o", folder.path("b.tamis"), "--statistics", "-", input: Self.sound)
        #expect(piped.status == 0 && piped.errors == "", "\(piped.errors)")
        #expect(try folder.read("a.tamis") == folder.read("b.tamis"))
    }

    @Test("No feedback and statistics contradict each other, also in a recipe")
    func contradiction() throws {
        let folder = try Self.prepared()
        let path = try folder.write("s", Self.sound)
        let words = try Tool.run("encode", folder.path("a.onnx"), "--statistics", path, "--feedback", "none")
        #expect(words.status == 64 && words.errors.contains("--feedback none and --statistics contradict each other"), "\(words.errors)")
        let recipe = try folder.write("r", Array("feedback: none".utf8))
        let mixed = try Tool.run("encode", folder.path("a.onnx"), "--statistics", path, "--recipe", recipe)
        #expect(mixed.status == 64 && mixed.errors.contains("feedback, which is all that they are for, is set to none"), "\(mixed.errors)")
        #expect(try Tool.run("encode", folder.path("a.onnx"), "--statistics", path, "--recipe", recipe, "--feedback", "synthetic", "--dry-run").status == 0)
        let unknown = try Tool.run("encode", folder.path("a.onnx"), "--feedback", "real")
        #expect(unknown.status == 64 && unknown.errors.contains("none") && unknown.errors.contains("synthetic"), "\(unknown.errors)")
        #expect(folder.names == ["a.onnx", "r", "s"])
    }

    private static let unfit: [([UInt8], String, String)] = [
        (file([Tensor("other/factor", [1, 1], floats: [1])]), "'other': the model has no such tensor", "invalid_statistics"),
        (file([Tensor("bias/factor", [1, 1], floats: [1])]), "'bias': its layer is not one that statistics can be used for", "invalid_statistics"),
        (file([Tensor("kernel/factor", [6, 6], floats: Array(kernelFactor[..<36]))]), "'kernel': the statistics have 1 group, its layer has 2", "invalid_statistics"),
        (file([Tensor("matrix/factor", [1, 1], floats: [1])]), "'matrix': the statistics are of 1 weight for each output, its layer has 21", "invalid_statistics"),
        (file([Tensor("matrix/factor", [1, 1], floats: [.nan])]), "'matrix/factor': has nan in row 0, column 0", "invalid_statistics"),
        (file([Tensor("matrix/factor", [1, 1], floats: [-1])]), "'matrix/factor': is not of a positive definite matrix", "invalid_statistics"),
        (Safetensors.file([Tensor("matrix", [1], floats: [1])]), "names no format in __metadata__", "invalid_statistics"),
        (Array("{\"matrix\": 1}".utf8), "bytes, expected at most 100000000", "limit_exceeded"), ([], "has 0 bytes", "truncated"),
        (Array(sound.dropLast()), "beyond the end of the file", "truncated"),
    ]

    @Test("A file that does not fit the model, or is no such file, is refused with the tensor's name, and nothing is written", arguments: unfit.indices)
    func refusals(number: Int) throws {
        let (bytes, words, code) = Self.unfit[number]
        let folder = try Self.prepared()
        let path = try folder.write("s", bytes)
        for command in [["encode", folder.path("a.onnx")], ["compare", folder.path("a.onnx"), folder.path("a.onnx")]] {
            let outcome = try Tool.run(command + ["--statistics", path])
            #expect(outcome.status == (code == "limit_exceeded" ? 77 : 65) && outcome.output.isEmpty, "\(outcome.errors)")
            #expect(outcome.errors.hasPrefix("tamis: error: \(path)") && outcome.errors.contains(words) && outcome.errors.contains("[\(code)]"), "\(outcome.errors)")
            #expect(outcome.errors.split(separator: "\n").count == 2, "without advice: \(outcome.errors)")
        }
        #expect(folder.names == ["a.onnx", "s"])
    }

    @Test("A file that is not there, standard input twice, and the file as the output")
    func files() throws {
        let folder = try Self.prepared()
        let model = folder.path("a.onnx")
        #expect(try Tool.run("encode", model, "--statistics", folder.path("none")).status == 66)
        #expect(try Tool.run("compare", model, model, "--statistics", folder.path("none")).status == 66)
        #expect(try Tool.run("encode", "-", "--statistics", "-").status == 64)
        #expect(try Tool.run("compare", model, "-", "--statistics", "-").status == 64)
        let path = try folder.write("s", Self.sound)
        #expect(try Tool.run("encode", model, "--statistics", path, "-f", "-o", path).status == 64)
        #expect(try folder.read("s") == Self.sound)
    }

    // MARK: compare

    /// Energies of the outputs, one product at a time: those of H = U · Uᵀ with `rows`.
    private static func energy(_ rows: [[Float]], _ factor: ArraySlice<Float>, _ size: Int) -> Double {
        let u = factor.map(Double.init)
        var sum = 0.0
        for row in rows {
            for i in 0..<size {
                for k in 0..<size {
                    let moment = (0..<size).reduce(0.0) { $0 + u[i * size + $1] * u[k * size + $1] }
                    sum += Double(row[i]) * moment * Double(row[k])
                }
            }
        }
        return sum
    }

    @Test("compare tells the error of each layer's outputs, and of all together")
    func compare() throws {
        let folder = try Self.prepared()
        let matrix = zip(Self.matrix, SmallModel.values(21 * 70, seed: 8)).map { $0 + 0.1 * $1 }
        let kernel = zip(Self.kernel, SmallModel.values(24, seed: 9)).map { $0 + 0.2 * $1 }
        let other = try folder.write("b.onnx", Self.model(matrix: matrix, kernel: kernel))
        let path = try folder.write("s", Self.sound)

        func energies(_ matrix: [Float], _ kernel: [Float]) -> (matrix: Double, kernel: Double) {
            let columns = (0..<70).map { output in (0..<21).map { matrix[70 * $0 + output] } }
            let lines = (0..<4).map { output in Self.order.map { kernel[6 * output + $0] } }
            return (
                Self.energy(columns, Self.matrixFactor[...], 21),
                Self.energy(Array(lines[..<2]), Self.kernelFactor[..<36], 6) + Self.energy(Array(lines[2...]), Self.kernelFactor[36...], 6)
            )
        }
        let signal = energies(Self.matrix, Self.kernel)
        let noise = energies(zip(Self.matrix, matrix).map { $0 - $1 }, zip(Self.kernel, kernel).map { $0 - $1 })

        let outcome = try Tool.run("compare", folder.path("a.onnx"), other, "--statistics", path, "--json")
        #expect(outcome.status == 1 && outcome.errors == "", "\(outcome.errors)")
        let tensors = try #require(outcome.json["tensors"] as? [[String: Any]])
        func isNear(_ value: Any?, _ expected: Double) -> Bool { (value as? Double).map { abs($0 / expected - 1) < 1e-4 } ?? false }
        for (name, expected) in [("matrix", noise.matrix / signal.matrix), ("kernel", noise.kernel / signal.kernel)] {
            let tensor = try #require(tensors.first { $0["name"] as? String == name })
            #expect(isNear(tensor["output_error"], expected), "\(name): \(String(describing: tensor["output_error"])), expected \(expected)")
            #expect((tensor["output_snr_db"] as? Double).map { $0 > 5 && $0 < 40 } == true)
        }
        let bias = try #require(tensors.first { $0["name"] as? String == "bias" })
        #expect(bias["output_error"] is NSNull && bias["output_snr_db"] is NSNull)
        #expect(isNear(outcome.json["output_error"], (noise.matrix + noise.kernel) / (signal.matrix + signal.kernel)))
        for threads in ["1", "3"] {
            #expect(try Tool.run("compare", folder.path("a.onnx"), other, "--statistics", path, "--json", "-T", threads).output == outcome.output)
        }

        let text = try Tool.run("compare", folder.path("a.onnx"), other, "--statistics", path).text
        #expect(text.contains("output SNR (dB)") && text.contains(/outputs at [0-9.]+ dB/), "\(text)")
        let plain = try Tool.run("compare", folder.path("a.onnx"), other)
        #expect(!plain.text.contains("output"))
        #expect(try !Tool.run("compare", folder.path("a.onnx"), other, "--json").text.contains("output"))
    }

    @Test("Models that are the same have no output error; one that is a stream is compared like its model")
    func same() throws {
        let folder = try Self.prepared()
        let path = try folder.write("s", Self.sound)
        let model = folder.path("a.onnx")
        let same = try Tool.run("compare", model, model, "--statistics", path, "--json")
        #expect(same.status == 0 && same.json["output_error"] as? Double == 0 && same.json["output_snr_db"] is NSNull)
        #expect(try Tool.run("encode", model).status == 0)
        let stream = try Tool.run("compare", model, folder.path("a.tamis"), "--statistics", path, "--json")
        #expect((stream.json["output_error"] as? Double).map { $0 > 0 && $0 < 0.5 } == true, "\(stream.text)")
    }
}
