import TamisBits

/// Where the Spec has the rule that a stream breaks.
package enum SpecSection {
    /// Sections of the tables, and the elements in them, in the Spec's order.
    private static let tables: [(section: String, elements: [String])] = [
        ("§3.1", ["signature"]),
        ("§3.2", ["unit_type", "payload_length", "header_crc", "payload_crc"]),
        ("§4.1", ["format_version", "profile", "level", "shard_number", "shard_count"]),
        (
            "§4.2",
            [
                "slice_elements_log2", "encoder_name", "encoder_options", "source_format", "source_float_elements", "source_count", "source_bytes",
                "source_sha256",
            ]
        ),
        (
            "§4.3",
            [
                "body_bytes", "file_count", "tensor_count", "hole_count", "alias_count", "file_name", "skeleton_bytes", "tensor_name", "element_type",
                "rank", "dimension", "hole_file_index", "gap_bytes", "hole_tensor_index", "alias_name", "alias_tensor_index",
            ]
        ),
        ("§4.4", ["file_index"]),
        (
            "§4.5",
            [
                "tensor_index", "tensor_digest", "weight_error", "coding_mode", "quantizer_kind", "trellis_states_log2", "magnitude_code", "row_axis",
                "row_axis_count", "coding_order", "coding_tools", "row_step_exponent", "adaptation_limit", "sign_distance_1", "sign_distance_2",
                "line_class_bytes", "step", "reconstruction_offset", "codebook_first", "codebook_count", "codebook_value", "companding_amplitude",
                "companding_growth", "companding_levels", "minifloat_exponent_bits", "minifloat_mantissa_bits", "minifloat_bias",
                "minifloat_subnormals", "minifloat_top", "integer_offset", "fields_log2", "zero_bits", "modelled_bits", "window_origin",
                "window_symbols", "short_zero_bits", "short_row_bytes", "frequency_bytes", "codeword_bytes", "raw_bytes",
            ]
        ),
        (
            "§4.6",
            [
                "group_digest", "group_weight_error", "entry_count", "group_magnitude_code", "group_adaptation_limit", "group_raw_frame_bytes", "group_codeword_bytes",
                "group_raw_bytes", "entry_tensor_index", "entry_coding_mode", "entry_scale_class",
            ]
        ),
        (
            "§4.7",
            ["unit_count", "place_count", "digest_count", "indexed_unit_type", "unit_bytes", "unit_number", "file_sha256"]
        ),
        ("§4.8", ["total_bytes", "index_offset", "unit_hash"]),
    ]

    private static let sections = Dictionary(
        tables.flatMap { table in table.elements.map { ($0, table.section) } }, uniquingKeysWith: { first, _ in first })

    /// All elements of the tables, and what is described beside them.
    package static let elements = Set(sections.keys)

    /// Codewords, and where it says how they are decoded.
    private static let codewords = [
        "codeword_bytes": "§6.5", "raw_bytes": "§6.3", "line_class_bytes": "§6.6", "short_row_bytes": "§6.9.1", "frequency_bytes": "§6.9.2",
        "group_codeword_bytes": "§6.5", "group_raw_bytes": "§6.3",
    ]

    /// - Parameters:
    ///   - unit: type of the unit at fault, for what is no fault of an element.
    package static func of(_ code: TamisError.Code, element: String?, unit: UInt8?) -> String {
        let own = element.flatMap { sections[$0] } ?? unit.flatMap { unitSections[$0] }
        switch code {
        case .notTamis: return "§3.1"
        case .headerChecksum, .payloadChecksum, .unknownUnit: return "§3.2"
        case .unitOrder: return element == "entry_tensor_index" ? "§4.6" : "§3.4"
        case .duplicate, .missing: return element.flatMap { $0 == "unit_number" || $0.hasSuffix("tensor_index") || $0 == "file_index" ? nil : sections[$0] } ?? "§3.4"
        case .streamHash: return "§3.5"
        case .lengthMismatch: return element.flatMap { ["gap_bytes", "group_codeword_bytes", "group_raw_frame_bytes"].contains($0) ? sections[$0] : nil } ?? "§3.5"
        case .trailingBytes: return unit == nil ? "§3" : own ?? "§3.3"
        case .truncated: return own ?? "§3.2"
        case .overlongInteger: return "§2.3.1"
        case .invalidText: return "§2.3.3"
        case .invalidCodeword: return element.flatMap { codewords[$0] } ?? "§6.1"
        case .invalidCompressedData: return "§9.4"
        case .expansionRatio: return element.map { codewords[$0] != nil } == true ? "§9.3" : "§9.4"
        case .levelExceeded, .limitExceeded: return "§9.1"
        case .unsupportedFeature: return element == "shard_count" ? "§3.7" : own ?? "§3.6"
        default: return own ?? "§3.3"
        }
    }

    private static let unitSections: [UInt8: String] = [1: "§4.1", 2: "§4.2", 3: "§4.3", 4: "§4.4", 5: "§4.5", 6: "§4.6", 7: "§4.7", 8: "§4.8"]
}
