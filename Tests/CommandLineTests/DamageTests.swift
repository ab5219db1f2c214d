import Synchronization
import TamisTestSupport
import TamisThreads
import Testing

@Suite("Damaged files")
struct DamageTests {
    static let seed: UInt64 = 0x7A31
    static let fileCount = 500

    @Test("Every one of 500 damaged files is refused, with the place named")
    func refused() throws {
        let folder = try Folder()
        let path = try folder.write("a.onnx", SmallModel.plain)
        #expect(try Tool.run("encode", path).status == 0)
        let stream = try folder.read("a.tamis")
        var generator = SplitMix64(seed: Self.seed)
        var damages: [(what: String, bytes: [UInt8])] = []
        for number in 0..<Self.fileCount {
            var bytes = stream
            if number % 4 == 0 {
                let count = Int.random(in: 0..<stream.count, using: &generator)
                damages.append(("cut to \(count) bytes", Array(bytes.prefix(count))))
            } else {
                let bit = Int.random(in: 0..<(stream.count * 8), using: &generator)
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                damages.append(("bit \(bit % 8) of byte \(bit / 8) flipped", bytes))
            }
        }
        for number in damages.indices { try folder.write("\(number).tamis", damages[number].bytes) }
        let folderPath = folder.path
        let failures = Mutex<[(Int, String)]>([])
        try parallelFor(damages.count, threads: ThreadCount(2)) { _, number in
            do {
                let file = "\(folderPath)/\(number).tamis"
                let outcome = try Tool.run("verify", file)
                let place = outcome.errors.wholeMatch(of: /tamis: error: (\S+?), \S+, (\S+, )?byte \d+: .+ \[[a-z_]+\]\n(tamis: .*\n)?/)
                let names = place.map { String($0.1) == file } ?? false
                if outcome.status != 65 || !names || !outcome.output.isEmpty {
                    failures.withLock { $0.append((number, "exit code \(outcome.status): \(outcome.errors)")) }
                }
            } catch {
                failures.withLock { $0.append((number, "\(error)")) }
            }
        }
        for (number, message) in failures.withLock({ $0 }) {
            Issue.record("seed \(Self.seed), file \(number), \(damages[number].what): \(message)")
        }
    }
}
