import CTamis
import Synchronization
import Tamis
import Testing

@Suite("Decoding in C")
struct DecodingTests {
    /// Any rows are those of the whole tensor, by whatever parts it is coded in.
    @Test func rowsAreThoseOfTheTensor() throws {
        let model = try #require(CModel(try SampleModel.stream(), access: TAMIS_OPEN_INDEX))
        for number in 0..<model.tensorCount {
            let info = model.info(ofTensor: number)
            let whole = try #require(model.tensor(number))
            let rows = info.rank == 0 ? 1 : Int(info.dimensions[0])
            let rowBytes = whole.count / rows
            for (first, count) in [(0, rows), (0, 1), (rows - 1, 1), (rows / 3, rows / 2), (rows, 0), (rows / 2, 0)] where count >= 0 && first + count <= rows {
                var part = [UInt8](repeating: 0xA5, count: count * rowBytes + 3)
                let size = part.count
                let call = CCall { tamis_decode_rows(model.handle, number, UInt64(first), UInt64(count), &part, size, nil, $0) }
                #expect(call == .ok)
                #expect(Array(part.prefix(count * rowBytes)) == Array(whole[(first * rowBytes)..<((first + count) * rowBytes)]))
                #expect(part.suffix(3) == [0xA5, 0xA5, 0xA5])
            }
            #expect(CCall { tamis_decode_rows(model.handle, number, UInt64(rows), 1, nil, 0, nil, $0) }.status == TAMIS_MISUSE)
            #expect(CCall { tamis_decode_rows(model.handle, number, 1, .max, nil, 0, nil, $0) }.status == TAMIS_MISUSE)
        }
    }

    /// Damage in one slice does not keep others from being decoded, where the index led to them; the unit's checksum does.
    @Test func rowsAreCheckedByTheUnit() throws {
        var stream = try SampleModel.stream()
        stream[stream.count / 2] ^= 1
        let model = try #require(CModel(stream, access: TAMIS_OPEN_INDEX))
        let statuses = (0..<model.tensorCount).map { number in CCall { error in
            var row = [UInt8](repeating: 0, count: 1 << 16)
            return tamis_decode_rows(model.handle, number, 0, 1, &row, 1 << 16, nil, error)
        } }
        #expect(statuses.contains { $0.status == TAMIS_MALFORMED && $0.code == "payload_checksum" })
        #expect(statuses.contains(.ok))
    }

    @Test func namesLeadToTensors() throws {
        let model = try #require(CModel(try SampleModel.stream()))
        for number in 0..<model.tensorCount {
            var found = -1
            #expect(CCall { tamis_find_tensor(model.handle, model.info(ofTensor: number).name, &found, $0) } == .ok)
            #expect(found == number)
        }
        var found = -1
        let call = CCall { tamis_find_tensor(model.handle, "no such", &found, $0) }
        #expect(call.status == TAMIS_MISUSE && call.code == "no_such_tensor" && found == 0)
        #expect(String(cString: tamis_made_by(model.handle)) == Tamis.encoderName)
        #expect(tamis_alias_count(model.handle) == 0)
    }

    /// What the callbacks of a run have seen.
    final class Log: Sendable {
        let told = Mutex<[UInt64]>([])
        let totals = Mutex<Set<UInt64>>([])
        let left: Atomic<Int>
        let isInside = Atomic<Int>(0)
        let overlaps = Atomic<Int>(0)

        init(stopAfter count: Int = .max) { left = Atomic(count) }

        func enter() { if isInside.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue != 0 { overlaps.add(1, ordering: .relaxed) } }
        func leave() { isInside.subtract(1, ordering: .sequentiallyConsistent) }
    }

    /// Calls `body` with a run whose callbacks tell `log`.
    static func running<R>(_ log: Log, threads: CInt, _ body: (inout tamis_run) throws -> R) rethrows -> R {
        var run = run(log, threads: threads)
        defer { withExtendedLifetime(log) {} }
        return try body(&run)
    }

    private static func run(_ log: Log, threads: CInt) -> tamis_run {
        var run = tamis_run.standard
        run.threads = threads
        run.user = Unmanaged.passUnretained(log).toOpaque()
        run.progress = { user, done, total in
            guard let user else { return }
            let log = Unmanaged<Log>.fromOpaque(user).takeUnretainedValue()
            log.enter()
            log.told.withLock { $0.append(done) }
            log.totals.withLock { _ = $0.insert(total) }
            log.leave()
        }
        run.cancel = { user in
            guard let user else { return 0 }
            let log = Unmanaged<Log>.fromOpaque(user).takeUnretainedValue()
            log.enter()
            defer { log.leave() }
            return log.left.subtract(1, ordering: .relaxed).newValue < 0 ? 1 : 0
        }
        return run
    }

    @Test(arguments: [1, 2, 5] as [CInt])
    func callbacksComeOneByOne(_ threads: CInt) throws {
        let model = try #require(CModel(try SampleModel.stream()))
        let log = Log()
        let (call, bytes) = Self.running(log, threads: threads) { model.file(0, run: $0) }
        #expect(call == .ok)
        #expect(bytes == model.file(0).bytes)
        let told = log.told.withLock { $0 }
        let total = try #require(log.totals.withLock { $0 }.first)
        #expect(log.totals.withLock { $0.count } == 1)
        #expect(told == told.sorted() && told.last == total)
        #expect(log.overlaps.load(ordering: .relaxed) == 0)
    }

    /// Wherever it is stopped, a call says so, and what it has not stopped at is complete.
    @Test(arguments: [1, 2] as [CInt])
    func stopsWhereverItIsAsked(_ threads: CInt) throws {
        let model = try #require(CModel(try SampleModel.stream()))
        let whole = model.file(0).bytes
        var stopped = 0
        for count in 0..<10_000 {
            let (call, bytes) = Self.running(Log(stopAfter: count), threads: threads) { model.file(0, run: $0) }
            if call == .ok {
                #expect(bytes == whole)
                break
            }
            #expect(call.status == TAMIS_CANCELLED && call.code == "cancelled" && bytes.isEmpty)
            stopped += 1
        }
        #expect(stopped > 20)
        let call = Self.running(Log(stopAfter: 3), threads: threads) { run in CCall { tamis_verify(model.handle, &run, $0) } }
        #expect(call.status == TAMIS_CANCELLED)
        #expect(model.file(0).bytes == whole)
    }

    @Test func limitsAreHeld() throws {
        let stream = try SampleModel.stream()
        var limits = tamis_limits()
        limits.size = MemoryLayout<tamis_limits>.size
        limits.tensors = 2
        var model: OpaquePointer?
        let call = stream.withUnsafeBytes { bytes in CCall { tamis_open_memory(bytes.baseAddress, bytes.count, TAMIS_OPEN_ALL, &limits, &model, $0) } }
        #expect(call.status == TAMIS_LIMIT && model == nil)
        limits.tensors = 5
        #expect(CModel(stream, limits: limits) != nil)
    }

    @Test func exportsAreRead() throws {
        let model = try #require(CModel(try SampleModel.stream()))
        var export: OpaquePointer?
        #expect(CCall { tamis_export_open(model.handle, nil, nil, &export, $0) } == .ok)
        var info = tamis_file_info()
        info.size = MemoryLayout<tamis_file_info>.size
        #expect(CCall { tamis_export_get_file_info(export, 0, &info, $0) } == .ok)
        var bytes = [UInt8](repeating: 0, count: Int(info.byte_count))
        let size = bytes.count
        #expect(CCall { tamis_export_read(export, 0, &bytes, size, nil, $0) } == .ok)
        #expect(bytes == model.file(0).bytes)
        #expect(CCall { tamis_export_read(export, 0, &bytes, size - 1, nil, $0) }.status == TAMIS_MISUSE)
        #expect(tamis_export_note_count(export) == 0)
        tamis_export_close(export)

        var options = tamis_export_options()
        options.size = MemoryLayout<tamis_export_options>.size
        options.form = TAMIS_FORM_QDQ
        #expect(CCall { tamis_export_open(model.handle, &options, nil, &export, $0) } == .ok)
        #expect(tamis_export_note_count(export) > 0)
        var (name, reason): (UnsafePointer<CChar>?, UnsafePointer<CChar>?) = (nil, nil)
        #expect(CCall { tamis_export_get_note(export, 0, &name, &reason, $0) } == .ok)
        #expect(name != nil && reason != nil)
        tamis_export_close(export)
        options.element_type = TAMIS_INT8
        #expect(CCall { tamis_export_open(model.handle, &options, nil, &export, $0) }.status == TAMIS_MISUSE)
        #expect(export == nil)
    }
}
