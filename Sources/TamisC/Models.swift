import CTamis
import Tamis
import TamisBits

@c @implementation public func tamis_element_type_name(_ type: tamis_element_type) -> UnsafePointer<CChar>? {
    let unknown: StaticString = "unknown"
    guard let type = UInt8(exactly: type.rawValue).flatMap(ElementType.init) else { return unknown.cText }
    return type.cName.cText
}

@c @implementation public func tamis_element_type_bits(_ type: tamis_element_type) -> CInt {
    CInt(UInt8(exactly: type.rawValue).flatMap(ElementType.init)?.bitCount ?? 0)
}

extension TamisFile.Access {
    fileprivate init(_ access: tamis_access) throws(TamisError) {
        switch access {
        case TAMIS_OPEN_ALL: self = .sequential
        case TAMIS_OPEN_INDEX: self = .random
        default: throw TamisError(.invalidArgument, "the access is \(access.rawValue), expected TAMIS_OPEN_ALL or TAMIS_OPEN_INDEX", element: "access")
        }
    }
}

@c @implementation public func tamis_open_path(
    _ path: UnsafePointer<CChar>?, _ access: tamis_access, _ limits: UnsafePointer<tamis_limits>?, _ model: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: ErrorPlace
) -> tamis_status {
    model?.pointee = nil
    return answer(error) { () throws(TamisError) in
        let model = try required(model, "model")
        let access = try TamisFile.Access(access)
        let input = try InputFile(TamisC.path(path, "path"), access: access == .sequential ? .sequential : .random)
        let file = try TamisFile(input, limits: Limits(limits), access: access) { input.release($0) }
        model.pointee = Handle.retained(ModelHandle(file))
    }
}

@c @implementation public func tamis_open_memory(
    _ bytes: UnsafeRawPointer?, _ size: Int, _ access: tamis_access, _ limits: UnsafePointer<tamis_limits>?,
    _ model: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorPlace
) -> tamis_status {
    model?.pointee = nil
    return answer(error) { () throws(TamisError) in
        let model = try required(model, "model")
        let bytes = ByteView(unsafe: try buffer(bytes, size, "bytes"))
        model.pointee = Handle.retained(ModelHandle(try TamisFile(borrowing: bytes, limits: Limits(limits), access: TamisFile.Access(access))))
    }
}

@c @implementation public func tamis_close(_ model: OpaquePointer?) { Handle.release(model, ModelHandle.self) }

private func content(_ model: OpaquePointer?) -> ModelHandle? { Handle.object(model) }

@c @implementation public func tamis_file_count(_ model: OpaquePointer?) -> Int { content(model)?.files.count ?? 0 }

@c @implementation public func tamis_get_file_info(
    _ model: OpaquePointer?, _ file: Int, _ info: UnsafeMutablePointer<tamis_file_info>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        try model.files.write(file, to: info)
    }
}

@c @implementation public func tamis_tensor_count(_ model: OpaquePointer?) -> Int { content(model)?.tensors.tensors.count ?? 0 }

@c @implementation public func tamis_get_tensor_info(
    _ model: OpaquePointer?, _ tensor: Int, _ info: UnsafeMutablePointer<tamis_tensor_info>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        try model.tensors.write(tensor, to: info)
    }
}

@c @implementation public func tamis_get_tensor_coding(
    _ model: OpaquePointer?, _ tensor: Int, _ coding: UnsafeMutablePointer<tamis_tensor_coding>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        try model.writeCoding(tensor, to: coding)
    }
}

@c @implementation public func tamis_find_tensor(
    _ model: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ tensor: UnsafeMutablePointer<Int>?, _ error: ErrorPlace
) -> tamis_status {
    tensor?.pointee = 0
    return answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        try required(tensor, "tensor").pointee = try model.number(named: text(name, "name"))
    }
}

@c @implementation public func tamis_alias_count(_ model: OpaquePointer?) -> Int { content(model)?.aliases.count ?? 0 }

@c @implementation public func tamis_get_alias(
    _ model: OpaquePointer?, _ alias: Int, _ name: UnsafeMutablePointer<UnsafePointer<CChar>?>?, _ tensor: UnsafeMutablePointer<Int>?,
    _ error: ErrorPlace
) -> tamis_status {
    name?.pointee = nil
    tensor?.pointee = 0
    return answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        let (name, tensor) = (try required(name, "name"), try required(tensor, "tensor"))
        if !model.aliases.indices.contains(alias) { throw .noSuch("alias", alias, of: model.aliases.count) }
        name.pointee = model.aliases[alias].pointer
        tensor.pointee = model.file.aliases[alias].tensor
    }
}

@c @implementation public func tamis_made_by(_ model: OpaquePointer?) -> UnsafePointer<CChar>? { content(model)?.madeBy.pointer }

@c @implementation public func tamis_made_with(_ model: OpaquePointer?) -> UnsafePointer<CChar>? { content(model)?.madeWith.pointer }
