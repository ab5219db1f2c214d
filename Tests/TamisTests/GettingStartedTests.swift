import Foundation
import Tamis
import TamisTestSupport
import Testing

/// The code of the article Sources/Tamis/Tamis.docc/GettingStarted.md, which `isTheArticles` holds against it.
@Suite("The code of the article on getting started")
struct GettingStartedTests {
    private let model: [UInt8] = {
        var random = SplitMix64(seed: 4)
        func weight(_ name: String) -> [UInt8] {
            let values = (0..<4096).map { _ in Float(Int(random.next() % 2001) - 1000) / 1000 }
            return ONNX.tensor(name, dims: [64, 64], .raw(values.withUnsafeBytes { Array($0) }))
        }
        return ONNX.model(ONNX.graph(initializers: [weight("head.weight"), weight("layer.weight")]))
    }()

    private func encoded() throws -> [UInt8] { try Tamis.encode(model) }

    @Test func encodeAndDecode() throws {
        let stream = try Tamis.encode(model)
        let restored = try Tamis.decode(stream)
        #expect(restored.count == model.count)
    }

    @Test func options() throws {
        var options = EncodingOptions()
        options.target = .quality(decibels: 18)
        options.effort = 7
        options.exclusions = ["head.*"]
        let finer = try Tamis.encode(model, options: options)
        #expect(try finer.count > encoded().count)
    }

    @Test func lookInto() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tamis-article-\(UUID().uuidString).tamis").path
        #expect(FileManager.default.createFile(atPath: path, contents: Data(try encoded())))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let print = { (_: Any...) in }
        let file = try TamisFile(InputFile(path), access: .random)
        for tensor in file.tensors { print(tensor.name, tensor.shape, tensor.elementType.name) }
        let (description, bytes) = try file.tensor(named: file.tensors[0].name)
        #expect(description.byteCount == UInt64(bytes.count))
    }

    @Test func export() throws {
        var options = EncodingOptions()
        options.grid = .int8
        let stream = try Tamis.encode(model, options: options)
        let print = { (_: String) in }
        let export = try TamisFile(bytes: stream).export(ExportOptions(form: .qdq))
        let onnx = try export.buffer(file: 0)
        for note in export.notes { print("\(note.tensor) stays as it is: \(note.reason)") }
        #expect(onnx.view.count < model.count)
    }

    @Test func arriving() throws {
        var portions = try encoded().chunked(1000)[...]
        var tensors: [String] = []
        func receive() -> [UInt8]? { portions.popFirst() }
        func use(_ tensor: TamisStream.Tensor) { tensors.append(tensor.description.name) }
        let arriving = TamisStream(results: .tensors)
        while let portion = receive() {
            var pushed = 0
            while pushed < portion.count {
                pushed += try ByteView.of(portion) { bytes throws(TamisError) in try arriving.push(bytes[pushed..<bytes.count]) }
                while let tensor = arriving.nextTensor() { use(tensor) }
            }
        }
        try arriving.finish()
        #expect(tensors == ["head.weight", "layer.weight"])
    }

    @Test func strangers() throws {
        var download = try encoded()
        download[download.count / 2] ^= 1
        var said = ""
        let print = { (text: String) in said = text }
        do {
            _ = try Tamis.decode(download, limits: Limits(outputBytes: 64 << 20))
        } catch {
            switch error.family {
            case .malformed: print("damaged: \(error)")
            case .limit: print("larger than we are willing to decode: \(error)")
            default: print("\(error)")
            }
        }
        #expect(said.hasPrefix("damaged: "))
    }

    @Test func isTheArticles() throws {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        func lines(_ path: String) throws -> [String] {
            try String(contentsOf: repository.appendingPathComponent(path), encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        }
        let own = try lines("Tests/TamisTests/GettingStartedTests.swift")
        var blocks: [[String]] = []
        var block: [String]?
        for line in try lines("Sources/Tamis/Tamis.docc/GettingStarted.md") {
            switch (block, line) {
            case (nil, "```swift"): block = []
            case (let ended?, "```"): (blocks, block) = (blocks + [ended], nil)
            case (var lines?, _):
                lines.append(line)
                block = lines
            default: break
            }
        }
        #expect(blocks.count == 6)
        for block in blocks {
            #expect(own.indices.contains { own[$0...].starts(with: block) }, "\(block.joined(separator: "\n"))")
        }
    }
}

extension [UInt8] {
    fileprivate func chunked(_ count: Int) -> [[UInt8]] { stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) } }
}
