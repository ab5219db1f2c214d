import CTamis
import Tamis
import TamisBits

extension tamis_export_options: VersionedStruct { static var cName: StaticString { "tamis_export_options" } }

/// What is behind a `tamis_export`.
final class ExportHandle: Sendable {
    let export: ModelExport
    let files: FileTable
    let notes: [(tensor: CText, reason: CText)]

    init(_ export: ModelExport) {
        self.export = export
        files = FileTable(export.files.map { ($0.name, $0.byteCount) })
        notes = export.notes.map { (CText($0.tensor), CText($0.reason)) }
    }

    func write(to path: String, overwrite: Bool, _ run: RunSettings) throws(TamisError) {
        let files = export.files
        try run.run(total: files.reduce(0) { $0 + $1.byteCount }) { (progress) throws(TamisError) in
            try OutputFiles.replace(path, sideFiles: files.dropFirst().map { $0.name }, overwrite: overwrite) { (writers) throws(TamisError) in
                var before: UInt64 = 0
                for (number, file) in files.enumerated() {
                    var told: (@Sendable (UInt64) -> Void)?
                    if let progress { told = { [before] in progress(before + $0) } }
                    try export.write(file: number, threads: run.threads, progress: told) { (part) throws(TamisError) in try writers.write(part, to: number) }
                    before += file.byteCount
                }
            }
        }
    }
}

extension ExportOptions {
    /// - Parameter pointer: NULL for the defaults.
    fileprivate init(_ pointer: UnsafePointer<tamis_export_options>?) throws(TamisError) {
        self.init()
        guard let pointer else { return }
        let options = try tamis_export_options(reading: pointer)
        switch options.layout {
        case TAMIS_LAYOUT_AS_STORED: layout = .asStored
        case TAMIS_LAYOUT_SINGLE_FILE: layout = .singleFile
        case TAMIS_LAYOUT_EXTERNAL: layout = .external(name: try options.external_name.map { (name) throws(TamisError) in try text(name, "external_name") })
        default: throw TamisError(.invalidArgument, "the layout is \(options.layout.rawValue), expected a tamis_layout", element: "layout")
        }
        if options.external_name != nil && options.layout != TAMIS_LAYOUT_EXTERNAL {
            throw TamisError(.invalidArgument, "a name is given for a file that only TAMIS_LAYOUT_EXTERNAL has", element: "external_name")
        }
        switch options.form {
        case TAMIS_FORM_FLOAT: form = .float
        case TAMIS_FORM_QDQ: form = .qdq
        default: throw TamisError(.invalidArgument, "the form is \(options.form.rawValue), expected a tamis_form", element: "form")
        }
        switch options.element_type.rawValue {
        case 0: elementType = nil
        case let value:
            guard let type = UInt8(exactly: value).flatMap(ElementType.init) else {
                throw TamisError(.invalidArgument, "the element type is \(value), expected a tamis_element_type", element: "element_type")
            }
            elementType = type
        }
    }
}

@c @implementation public func tamis_export_open(
    _ model: OpaquePointer?, _ options: UnsafePointer<tamis_export_options>?, _ run: UnsafePointer<tamis_run>?,
    _ export: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorPlace
) -> tamis_status {
    export?.pointee = nil
    return answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        let (export, options, run) = (try required(export, "export_"), try ExportOptions(options), try RunSettings(run))
        try run.run(total: model.tensors.tensors.reduce(0) { $0 + ($1.byteCount ?? 0) }) { (progress) throws(TamisError) in
            let made = try model.file.export(options, threads: run.threads, verifiesFiles: run.verifiesFiles, progress: progress)
            export.pointee = Handle.retained(ExportHandle(made))
        }
    }
}

private func content(_ export: OpaquePointer?) -> ExportHandle? { Handle.object(export) }

@c @implementation public func tamis_export_file_count(_ export: OpaquePointer?) -> Int { content(export)?.files.count ?? 0 }

@c @implementation public func tamis_export_get_file_info(
    _ export: OpaquePointer?, _ file: Int, _ info: UnsafeMutablePointer<tamis_file_info>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let export: ExportHandle = try Handle.object(export, "export_")
        try export.files.write(file, to: info)
    }
}

@c @implementation public func tamis_export_read(
    _ export: OpaquePointer?, _ file: Int, _ buffer: UnsafeMutableRawPointer?, _ capacity: Int, _ run: UnsafePointer<tamis_run>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let export: ExportHandle = try Handle.object(export, "export_")
        let (count, run) = (try export.files.require(file), try RunSettings(run))
        let region = try region(buffer, capacity: capacity, size: Int(clamping: count))
        try run.run(total: count) { (progress) throws(TamisError) in
            try export.export.read(file: file, into: region, threads: run.threads, progress: progress)
        }
    }
}

@c @implementation public func tamis_export_write(
    _ export: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ overwrite: CInt, _ run: UnsafePointer<tamis_run>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let export: ExportHandle = try Handle.object(export, "export_")
        try export.write(to: TamisC.path(path, "path"), overwrite: overwrite != 0, RunSettings(run))
    }
}

@c @implementation public func tamis_export_note_count(_ export: OpaquePointer?) -> Int { content(export)?.notes.count ?? 0 }

@c @implementation public func tamis_export_get_note(
    _ export: OpaquePointer?, _ note: Int, _ tensor: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
    _ reason: UnsafeMutablePointer<UnsafePointer<CChar>?>?, _ error: ErrorPlace
) -> tamis_status {
    tensor?.pointee = nil
    reason?.pointee = nil
    return answer(error) { () throws(TamisError) in
        let export: ExportHandle = try Handle.object(export, "export_")
        let (tensor, reason) = (try required(tensor, "tensor"), try required(reason, "reason"))
        if !export.notes.indices.contains(note) { throw .noSuch("note", note, of: export.notes.count) }
        tensor.pointee = export.notes[note].tensor.pointer
        reason.pointee = export.notes[note].reason.pointer
    }
}

@c @implementation public func tamis_export_close(_ export: OpaquePointer?) { Handle.release(export, ExportHandle.self) }
