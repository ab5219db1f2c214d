import ArgumentParser
import TamisBits

/// The `tamis-speed` command: times the decoder inside one process, where neither start-up nor the disk counts.
///
/// `scripts/bench/speed` runs it and says what its figures mean.
@main
struct SpeedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tamis-speed",
        abstract: "Time decoding a .tamis file into memory.",
        discussion: """
            Everything is done once untimed and checked, then in turns, so that another program's load falls on all alike. Prints JSON: for each \
            measurement the seconds of the wall clock and of the processor, repeat by repeat.

              decode  the files as 'tamis decode --no-verify' makes them, copied into memory that is there already
              open    as far as everything is known and checked but the elements
              slices  indices and values of float32 tensors with a step, on one thread whatever --threads says
              copy    the decoded files copied in memory
            """)

    @Argument(help: ArgumentHelp("A file that 'tamis encode' made.", valueName: "file"), completion: .file(extensions: ["tamis"]))
    var input: String

    @Option(help: ArgumentHelp("Decode on that many threads; 0 means one per processor.", valueName: "n"))
    var threads = 1

    @Option(help: ArgumentHelp("How often each is timed.", valueName: "k"))
    var repeats = 5

    @Option(name: .customLong("measure"), parsing: .upToNextOption, help: "What to time: decode, open, slices, copy (default: all).")
    var measurements: [Measurement] = []

    func validate() throws {
        if !(0...1024).contains(threads) { throw ValidationError("--threads is \(threads), expected 0 to 1024") }
        if !(0...1_000_000).contains(repeats) { throw ValidationError("--repeats is \(repeats), expected 0 to 1000000") }
    }

    func run() throws {
        do throws(TamisError) {
            let subject = try MeasuredStream(input, threads: threads)
            let chosen = Measurement.allCases.filter { measurements.isEmpty || measurements.contains($0) }
            for measurement in chosen { try subject.prepare(measurement) }
            var times: [Measurement: [Duration]] = [:]
            for _ in 0..<repeats {
                for measurement in chosen {
                    let start = ProcessClock.now
                    try subject.perform(measurement)
                    times[measurement, default: []].append(ProcessClock.now - start)
                }
            }
            print(report(of: subject, chosen, times))
        } catch {
            throw error.inFile(input)
        }
    }

    private func report(of subject: MeasuredStream, _ chosen: [Measurement], _ times: [Measurement: [Duration]]) -> String {
        var fields = [
            "\"stream_bytes\": \(subject.streamBytes)", "\"output_bytes\": \(subject.outputBytes)", "\"elements\": \(subject.elementCount)",
            "\"tensors\": \(subject.tensorCount)", "\"units\": \(subject.unitCount)", "\"threads\": \(threads)",
            "\"slice_count\": \(subject.slices.sliceCount)", "\"slice_tensors\": \(subject.slices.tensorCount)",
            "\"slice_elements\": \(subject.slices.elementCount)",
        ]
        for measurement in chosen {
            let (wall, processor) = ((times[measurement] ?? []).map(\.wall), (times[measurement] ?? []).map(\.processor))
            fields.append("\"\(measurement.rawValue)\": {\"seconds\": \(wall), \"processor_seconds\": \(processor)}")
        }
        return "{\(fields.joined(separator: ", "))}"
    }
}
