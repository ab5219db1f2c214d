import Tamis
import TamisBits
import TamisDecoder
import TamisFiles
import TamisModel
import TamisThreads

/// A mapped stream with memory for what it decodes to, and everything that is timed about it.
final class MeasuredStream {
    private let input: InputFile
    private let threads: ThreadCount
    /// All files one after the other.
    private let output: ReservedMemory
    /// As large as `output`.
    private let copy: ReservedMemory
    let slices: IndexSlices
    let tensorCount: Int
    let unitCount: Int
    let elementCount: UInt64

    var streamBytes: Int { input.view.count }
    var outputBytes: Int { output.view.count }

    /// - Parameter threads: 0 means one per processor.
    init(_ path: String, threads: Int) throws(TamisError) {
        input = try InputFile(path)
        self.threads = ThreadCount(threads)
        let stream = try EncodedStream.scan(input.view, limits: .streaming)
        let byteCount = stream.topology.files.reduce(0) { $0 + $1.byteCount }
        output = try ReservedMemory(byteCount: byteCount)
        copy = try ReservedMemory(byteCount: byteCount)
        slices = try IndexSlices(of: stream)
        tensorCount = stream.topology.tensors.count
        unitCount = stream.units.count
        elementCount = stream.topology.tensors.reduce(0) { $0 + $1.shape.elementCount }
    }

    /// Performs it once and checks the result, so that the memory is there and what is timed is sound.
    func prepare(_ measurement: Measurement) throws(TamisError) {
        try perform(measurement)
        if measurement == .slices || measurement == .plain { try slices.check() }
    }

    func perform(_ measurement: Measurement) throws(TamisError) {
        switch measurement {
        case .open: try open()
        case .decode: try decode()
        case .slices: try slices.decode()
        case .plain: try slices.decodePlainly()
        case .copy: copy.region.copy(from: output.view)
        }
    }

    private func open() throws(TamisError) {
        _ = try EncodedStream.scan(input.view, limits: .streaming).plan(threads: threads)
    }

    /// Opens the stream and decodes it batch by batch, as the command does.
    private func decode() throws(TamisError) {
        let (input, target) = (input, output.region)
        let file = try TamisFile(input, limits: .streaming) { input.release($0) }
        var place = 0
        for (number, entry) in file.files.enumerated() {
            try file.decode([.range(file: number, 0..<entry.byteCount)], threads: threads, verifiesFiles: false) { (part) throws(TamisError) in
                target[place..<(place + part.count)].copy(from: part)
                place += part.count
            }
        }
    }
}
