import CTamis
import Glibc
import Tamis
import TamisSyntax

/// Constants as C has them.
private enum Constant {
    static let version = CText(Tamis.version)
    static let encoderName = CText(Tamis.encoderName)
}

@c @implementation public func tamis_version() -> UnsafePointer<CChar>? { Constant.version.pointer }

@c @implementation public func tamis_version_number() -> CInt {
    Tamis.version.split(separator: ".").reduce(0) { 100 * $0 + (CInt($1) ?? 0) }
}

@c @implementation public func tamis_format_version() -> CInt { CInt(Syntax.formatVersion) }

@c @implementation public func tamis_encoder_name() -> UnsafePointer<CChar>? { Constant.encoderName.pointer }

@c @implementation public func tamis_free(_ bytes: UnsafeMutableRawPointer?) { free(bytes) }
