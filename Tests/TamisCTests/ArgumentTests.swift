import CTamis
import Tamis
import Testing

/// What makes no sense is an error with words, never a crash.
@Suite("Arguments in C")
struct ArgumentTests {
    private func isMisuse(_ call: CCall, _ element: String, _ place: SourceLocation = #_sourceLocation) {
        #expect(call.status == TAMIS_MISUSE && call.code == "invalid_argument", "\(call)", sourceLocation: place)
        #expect(call.element == element, "\(call.message)", sourceLocation: place)
        #expect(!call.message.isEmpty, sourceLocation: place)
    }

    @Test func nothingIsNoHandle() {
        var (model, export, options): (OpaquePointer?, OpaquePointer?, OpaquePointer?) = (nil, nil, nil)
        var (bytes, size): (UnsafeMutableRawPointer?, Int) = (nil, 0)
        isMisuse(CCall { tamis_open_path(nil, TAMIS_OPEN_ALL, nil, &model, $0) }, "path")
        isMisuse(CCall { tamis_open_path("x", TAMIS_OPEN_ALL, nil, nil, $0) }, "model")
        isMisuse(CCall { tamis_open_path("x", tamis_access(rawValue: 7), nil, &model, $0) }, "access")
        isMisuse(CCall { tamis_open_memory(nil, 8, TAMIS_OPEN_ALL, nil, &model, $0) }, "bytes")
        isMisuse(CCall { tamis_open_memory("x", -1, TAMIS_OPEN_ALL, nil, &model, $0) }, "bytes")
        isMisuse(CCall { tamis_get_file_info(nil, 0, nil, $0) }, "model")
        isMisuse(CCall { tamis_get_tensor_info(nil, 0, nil, $0) }, "model")
        isMisuse(CCall { tamis_get_tensor_coding(nil, 0, nil, $0) }, "model")
        isMisuse(CCall { tamis_find_tensor(nil, "x", nil, $0) }, "model")
        isMisuse(CCall { tamis_get_alias(nil, 0, nil, nil, $0) }, "model")
        isMisuse(CCall { tamis_decode_file(nil, 0, nil, 0, nil, $0) }, "model")
        isMisuse(CCall { tamis_decode_file_new(nil, 0, &bytes, &size, nil, $0) }, "model")
        isMisuse(CCall { tamis_decode_tensor(nil, 0, nil, 0, nil, $0) }, "model")
        isMisuse(CCall { tamis_decode_rows(nil, 0, 0, 1, nil, 0, nil, $0) }, "model")
        isMisuse(CCall { tamis_verify(nil, nil, $0) }, "model")
        isMisuse(CCall { tamis_export_open(nil, nil, nil, &export, $0) }, "model")
        isMisuse(CCall { tamis_export_get_file_info(nil, 0, nil, $0) }, "export_")
        isMisuse(CCall { tamis_export_read(nil, 0, nil, 0, nil, $0) }, "export_")
        isMisuse(CCall { tamis_export_write(nil, "x", 0, nil, $0) }, "export_")
        isMisuse(CCall { tamis_export_get_note(nil, 0, nil, nil, $0) }, "export_")
        isMisuse(CCall { tamis_options_new(nil, $0) }, "options")
        isMisuse(CCall { tamis_options_set(nil, "quality", "15", $0) }, "options")
        isMisuse(CCall { tamis_options_rule(nil, "*", "step", "1", $0) }, "options")
        isMisuse(CCall { tamis_encode_path(nil, "x", 0, nil, nil, $0) }, "model_path")
        isMisuse(CCall { tamis_encode_path("x", nil, 0, nil, nil, $0) }, "output_path")
        isMisuse(CCall { tamis_encode_memory(nil, 1, nil, nil, nil, &bytes, &size, $0) }, "model")
        isMisuse(CCall { tamis_encode_memory("x", 1, nil, nil, nil, nil, &size, $0) }, "bytes")
        #expect(tamis_options_new(&options, nil) == TAMIS_OK)
        isMisuse(CCall { tamis_options_set(options, nil, "15", $0) }, "key")
        isMisuse(CCall { tamis_options_set(options, "quality", nil, $0) }, "value")
        tamis_options_free(options)
        for free in [tamis_close, tamis_export_close, tamis_options_free, tamis_error_free] { free(nil) }
        tamis_free(nil)
        #expect(tamis_file_count(nil) + tamis_tensor_count(nil) + tamis_alias_count(nil) + tamis_export_file_count(nil) + tamis_export_note_count(nil) == 0)
        #expect(tamis_made_by(nil) == nil && tamis_made_with(nil) == nil)
        #expect(tamis_error_status(nil) == TAMIS_OK && tamis_error_byte_offset(nil) == -1 && tamis_error_file(nil) == nil)
        for text in [tamis_error_code(nil), tamis_error_message(nil), tamis_error_reason(nil)] { #expect(text.map { String(cString: $0) } == "") }
        // Nobody wants the error.
        #expect(tamis_open_path(nil, TAMIS_OPEN_ALL, nil, nil, nil) == TAMIS_MISUSE)
    }

    @Test func numbersAreHeldToTheirRange() throws {
        let model = try #require(CModel(try SampleModel.stream()))
        var (file, tensor, coding, run) = (tamis_file_info(), tamis_tensor_info(), tamis_tensor_coding(), tamis_run.standard)
        for number in [-1, 1, Int.max, Int.min] { isMisuse(CCall { tamis_get_file_info(model.handle, number, &file, $0) }, "file") }
        for number in [-1, 5, Int.max] { isMisuse(CCall { tamis_get_tensor_info(model.handle, number, &tensor, $0) }, "tensor") }
        // Structs without a size, and with one that cannot be.
        for size in [0, 7, -1, 4097] {
            (file.size, tensor.size, coding.size, run.size) = (size, size, size, size)
            isMisuse(CCall { tamis_get_file_info(model.handle, 0, &file, $0) }, "tamis_file_info")
            isMisuse(CCall { tamis_get_tensor_info(model.handle, 0, &tensor, $0) }, "tamis_tensor_info")
            isMisuse(CCall { tamis_get_tensor_coding(model.handle, 0, &coding, $0) }, "tamis_tensor_coding")
            isMisuse(CCall { tamis_verify(model.handle, &run, $0) }, "tamis_run")
        }
        isMisuse(CCall { tamis_get_file_info(model.handle, 0, nil, $0) }, "info")
        run = .standard
        run.threads = -1
        isMisuse(CCall { tamis_verify(model.handle, &run, $0) }, "threads")
        let size = Int(model.info(ofFile: 0).byte_count)
        isMisuse(CCall { tamis_decode_file(model.handle, 0, nil, size, nil, $0) }, "buffer")
        isMisuse(CCall { tamis_decode_file(model.handle, 0, nil, size - 1, nil, $0) }, "capacity")
        isMisuse(CCall { tamis_decode_file(model.handle, 0, nil, -1, nil, $0) }, "buffer")
    }

    /// A program that knows fewer members, or more, than this library.
    @Test func structsGrow() throws {
        let model = try #require(CModel(try SampleModel.stream()))
        var info = tamis_file_info()
        info.size = MemoryLayout<Int>.size + MemoryLayout<UnsafeRawPointer>.size
        info.byte_count = 77
        #expect(CCall { tamis_get_file_info(model.handle, 0, &info, $0) } == .ok)
        #expect(info.name != nil && info.byte_count == 77)
        struct LaterRun {
            var run = tamis_run.standard
            var more: Int64 = 0
        }
        for more in [0, 1] as [Int64] {
            var later = LaterRun()
            later.more = more
            later.run.size = MemoryLayout<LaterRun>.size
            let call = withUnsafeBytes(of: &later) { bytes in CCall { tamis_verify(model.handle, bytes.baseAddress?.assumingMemoryBound(to: tamis_run.self), $0) } }
            #expect(call.status == (more == 0 ? TAMIS_OK : TAMIS_UNSUPPORTED))
        }
    }

    @Test func textIsUTF8() {
        var model: OpaquePointer?
        let bytes: [CChar] = [0x66, -1, 0]
        isMisuse(CCall { tamis_open_path(bytes, TAMIS_OPEN_ALL, nil, &model, $0) }, "path")
    }

    @Test func numbersHaveNames() {
        #expect((0...9).map { String(cString: tamis_status_name(tamis_status(rawValue: $0))) }
            == ["ok", "malformed", "unsupported", "limit", "misuse", "io", "cancelled", "again", "end", "unknown"])
        for type in ElementType.allCases {
            let own = tamis_element_type(rawValue: UInt32(type.rawValue))
            #expect(String(cString: tamis_element_type_name(own)) == type.name)
            #expect(Int(tamis_element_type_bits(own)) == type.bitCount)
        }
        for number in [0, 8, 29, 255, 256, .max] as [UInt32] {
            #expect(String(cString: tamis_element_type_name(tamis_element_type(rawValue: number))) == "unknown")
            #expect(tamis_element_type_bits(tamis_element_type(rawValue: number)) == 0)
        }
        #expect(String(cString: tamis_version()) == Tamis.version && TAMIS_VERSION == Tamis.version)
        #expect(tamis_version_number() == TAMIS_VERSION_MAJOR * 10000 + TAMIS_VERSION_MINOR * 100 + TAMIS_VERSION_PATCH)
        #expect(tamis_format_version() == 1)
    }
}
