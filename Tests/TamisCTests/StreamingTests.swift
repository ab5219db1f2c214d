import CTamis
import Tamis
import Testing

@Suite("Streaming in C")
struct StreamingTests {
    /// A `tamis_stream` and what has come out of it.
    private final class Receiver {
        let handle: OpaquePointer
        var files: [[UInt8]] = []
        var tensors: [String: [UInt8]] = [:]

        init(_ wanted: CInt, run: tamis_run? = nil) throws {
            var stream: OpaquePointer?
            var call = CCall.ok
            if var run { call = CCall { tamis_stream_new(wanted, nil, &run, &stream, $0) } } else { call = CCall { tamis_stream_new(wanted, nil, nil, &stream, $0) } }
            #expect(call == .ok)
            handle = try #require(stream)
        }

        deinit { tamis_stream_free(handle) }

        func push(_ bytes: ArraySlice<UInt8>) -> CCall { bytes.withUnsafeBytes { bytes in CCall { tamis_stream_push(handle, bytes.baseAddress, bytes.count, $0) } } }
        func finish() -> CCall { CCall { tamis_stream_finish(handle, $0) } }

        /// Takes all that waits.
        ///
        /// - Returns: what the last calls answered.
        func take() -> [tamis_status] {
            var info = tamis_tensor_info()
            info.size = MemoryLayout<tamis_tensor_info>.size
            var (bytes, size, file, offset): (UnsafeRawPointer?, Int, Int, UInt64) = (nil, 0, 0, 0)
            var first = tamis_stream_next_tensor(handle, &info, &bytes, &size, nil)
            while first == TAMIS_OK {
                tensors[String(cString: info.name)] = Array(UnsafeRawBufferPointer(start: bytes, count: size))
                first = tamis_stream_next_tensor(handle, &info, &bytes, &size, nil)
            }
            var second = tamis_stream_next_piece(handle, &file, &offset, &bytes, &size, nil)
            while second == TAMIS_OK {
                while files.count < tamis_stream_file_count(handle) {
                    var info = tamis_file_info()
                    info.size = MemoryLayout<tamis_file_info>.size
                    #expect(tamis_stream_get_file_info(handle, files.count, &info, nil) == TAMIS_OK)
                    files.append([UInt8](repeating: 0, count: Int(info.byte_count)))
                }
                files[file].replaceSubrange(Int(offset)..<(Int(offset) + size), with: UnsafeRawBufferPointer(start: bytes, count: size))
                second = tamis_stream_next_piece(handle, &file, &offset, &bytes, &size, nil)
            }
            return [first, second]
        }
    }

    @Test(arguments: [1, 7, 4096, 1 << 20])
    func givesTheSameInPortions(_ portion: Int) throws {
        let stream = try SampleModel.stream()
        let model = try #require(CModel(stream))
        let receiver = try Receiver(CInt(TAMIS_STREAM_TENSORS | TAMIS_STREAM_PIECES))
        var early = 0
        for start in stride(from: 0, to: stream.count, by: portion) {
            #expect(receiver.push(stream[start..<min(start + portion, stream.count)]) == .ok)
            #expect(receiver.take() == [TAMIS_AGAIN, TAMIS_AGAIN])
            if start + portion < stream.count { early = receiver.tensors.count }
        }
        #expect(receiver.finish() == .ok)
        #expect(receiver.take() == [TAMIS_END, TAMIS_END])
        #expect(receiver.files == [model.file(0).bytes])
        for number in 0..<model.tensorCount { #expect(receiver.tensors[String(cString: model.info(ofTensor: number).name)] == model.tensor(number)) }
        if portion < stream.count { #expect(early > 0) }
        var isChecked: CInt = -1
        #expect(CCall { tamis_stream_file_is_checked(receiver.handle, 0, &isChecked, $0) } == .ok)
        #expect(isChecked == 1)
        #expect(receiver.push([1]).status == TAMIS_MISUSE)
    }

    @Test func givesWhatIsWanted() throws {
        let stream = try SampleModel.stream()
        let tensorsOnly = try Receiver(CInt(TAMIS_STREAM_TENSORS))
        let piecesOnly = try Receiver(CInt(TAMIS_STREAM_PIECES))
        for receiver in [tensorsOnly, piecesOnly] {
            // All at once, and taken after the end.
            #expect(receiver.push(stream[...]) == .ok)
            #expect(receiver.finish() == .ok)
            #expect(receiver.take() == [TAMIS_END, TAMIS_END])
        }
        #expect(tensorsOnly.tensors.count == CModel(stream)?.tensorCount && tensorsOnly.files.isEmpty)
        #expect(piecesOnly.tensors.isEmpty && piecesOnly.files.count == 1)
    }

    @Test func refusesDamageAndLack() throws {
        var stream = try SampleModel.stream()
        let short = try Receiver(1)
        #expect(short.push(stream.dropLast()) == .ok)
        _ = short.take()
        #expect(short.finish().code == "truncated")
        stream[stream.count / 2] ^= 1
        let damaged = try Receiver(3)
        let call = damaged.push(stream[...])
        #expect(call.status == TAMIS_MALFORMED && call.code == "payload_checksum")
        #expect(damaged.push([]) == damaged.push([]))
        #expect(damaged.finish() == call)
        _ = damaged.take()
        var handle: OpaquePointer?
        for wanted in [0, 4, -1] as [CInt] { #expect(CCall { tamis_stream_new(wanted, nil, nil, &handle, $0) }.element == "wanted") }
        for call in [CCall { tamis_stream_push(nil, nil, 0, $0) }, CCall { tamis_stream_finish(nil, $0) }] { #expect(call.element == "stream") }
        #expect(CCall { tamis_stream_next_piece(damaged.handle, nil, nil, nil, nil, $0) }.status == TAMIS_MISUSE)
        #expect(CCall { tamis_stream_next_tensor(damaged.handle, nil, nil, nil, $0) }.status == TAMIS_MISUSE)
        tamis_stream_free(nil)
        #expect(tamis_stream_file_count(nil) == 0)
    }

    @Test func stopsWhereItIsAsked() throws {
        let stream = try SampleModel.stream()
        for count in [0, 1, 5, 20] {
            let log = DecodingTests.Log(stopAfter: count)
            try DecodingTests.running(log, threads: 2) { run in
                let receiver = try Receiver(3, run: run)
                var last = CCall.ok
                for start in stride(from: 0, to: stream.count, by: 1000) where last == .ok {
                    last = receiver.push(stream[start..<min(start + 1000, stream.count)])
                    _ = receiver.take()
                }
                #expect(last.status == TAMIS_CANCELLED)
                #expect(receiver.finish().status == TAMIS_CANCELLED)
            }
        }
    }
}
