/// The laws of the code, each as a function from files to what breaks it.
enum Law {
    /// The modules from the bottom up: what each may import of the package, and of the system with the reason.
    static let modules: [(name: String, package: Set<String>, system: [String: String])] = [
        ("TamisBits", [], [:]),
        ("TamisDigest", [], ["CSHA256": "the processor's SHA-256 instructions"]),
        ("TamisThreads", ["TamisBits"], ["Dispatch": "concurrentPerform", "Glibc": "number of processors", "Synchronization": "atomics and locks"]),
        ("TamisZstd", ["TamisBits"], ["CZstd": "libzstd"]),
        ("TamisModel", ["TamisBits"], [:]),
        ("TamisArithmetic", ["TamisBits", "TamisModel"], [:]),
        ("TamisQuantization", ["TamisBits", "TamisModel"], [:]),
        ("TamisSyntax", ["TamisBits", "TamisModel"], [:]),
        ("TamisDecoder", codecs, ["Synchronization": "progress and the first error of several threads"]),
        ("TamisEncoder", codecs, ["Synchronization": "progress and results of several threads"]),
        ("TamisONNX", ["TamisBits", "TamisModel"], [:]),
        ("TamisSafetensors", ["TamisBits", "TamisModel"], [:]),
        ("TamisFiles", ["TamisBits"], ["Glibc": "the disk", "Synchronization": "locks"]),
        ("Tamis", codecs.union(["TamisDecoder", "TamisEncoder", "TamisONNX", "TamisSafetensors", "TamisFiles"]), ["Synchronization": "locks"]),
        ("TamisRecipes", ["TamisBits", "TamisModel", "TamisDigest", "TamisEncoder", "TamisSafetensors", "TamisSyntax"], [:]),
        ("TamisYAML", ["TamisBits", "TamisRecipes"], ["Yams": "YAML; it brings Foundation, so this module stays out of the libraries"]),
        (
            "TamisC", ["Tamis", "TamisBits", "TamisDecoder", "TamisEncoder", "TamisFiles", "TamisModel", "TamisRecipes", "TamisSyntax", "TamisThreads"],
            ["CTamis": "its header", "Glibc": "memory that callers free", "Synchronization": "locks"]
        ),
        ("TamisConformance", ["TamisBits", "TamisModel", "TamisSyntax", "TamisDecoder", "TamisQuantization", "TamisDigest", "TamisThreads", "TamisZstd", "Tamis"], [:]),
    ]
    private static let codecs: Set<String> = [
        "TamisBits", "TamisModel", "TamisSyntax", "TamisArithmetic", "TamisQuantization", "TamisDigest", "TamisThreads", "TamisZstd",
    ]
    /// May import everything, and speak.
    static let executables: Set<String> = ["tamis-cli"]

    static func imports(of file: SourceFile) -> [String] {
        // The search for a word is much faster than the pattern.
        file.code.filter { $0.utf8.count < 200 && $0.contains("import ") }.compactMap { line in
            let match = line.firstMatch(of: /^\s*(?:@\w+\s+|(?:public|package|internal|private)\s+)*import\s+(?:(?:struct|class|enum|func|protocol|typealias|var|let)\s+)?(\w+)/)
            return match.map { String($0.1) }
        }
    }

    /// Arrows go down only, and only where they are drawn.
    static func importViolations(_ files: [SourceFile]) -> [String] {
        var violations: [String] = []
        for file in files where file.isSwift && !executables.contains(file.module) {
            guard let module = modules.first(where: { $0.name == file.module }) else {
                violations.append("\(file.path): no law for module \(file.module)")
                continue
            }
            for name in imports(of: file) where !module.package.contains(name) && module.system[name] == nil {
                violations.append("\(file.path) imports \(name)")
            }
        }
        return violations
    }

    /// What the manifest lets a module import is what it may import.
    static func manifestViolations(_ manifest: SourceFile) -> [String] {
        var violations: [String] = []
        var declared: Set<String> = []
        for match in manifest.text.matches(of: /\n +module\("(\w+)"(?:, \[([^\]]*)\])?/) {
            let name = String(match.1)
            declared.insert(name)
            let dependencies = Set((match.2 ?? "").split(separator: ",").map { $0.filter { $0.isLetter || $0.isNumber } })
            guard let module = modules.first(where: { $0.name == name }) else {
                violations.append("the manifest has a module \(name), the laws have none")
                continue
            }
            for dependency in dependencies where !module.package.contains(dependency) && module.system[dependency] == nil {
                violations.append("the manifest lets \(name) import \(dependency)")
            }
        }
        for module in modules where !declared.contains(module.name) { violations.append("the manifest has no module \(module.name)") }
        return violations
    }

    // MARK: Words

    /// Words that no code has, and the files that may have them, with the reason.
    static var forbidden: [(word: String, pattern: Regex<Substring>, allowed: [String: String])] {
        [
            ("try!", /\btry!/, [:]),
            ("as!", /\bas!/, [:]),
            ("fatalError", /\bfatalError\s*\(/, [:]),
            ("preconditionFailure", /\bpreconditionFailure\s*\(/, [:]),
            (
                "unsafeBitCast", /\bunsafeBitCast\s*\(/,
                [
                    "Sources/TamisArithmetic/CodewordInterval.swift": "a comparison as a number: of a conditional expression the compiler makes a branch",
                    "Sources/TamisEncoder/Search/TrellisBranches.swift": "SIMD lanes as bits, which SIMD has no property for",
                    "Sources/TamisEncoder/Exact/FloatLineStatistics.swift": "SIMD lanes from bits, which SIMD has no initializer for",
                    "Sources/TamisEncoder/LineStatistics.swift": "SIMD lanes from bits, which SIMD has no initializer for",
                    "Sources/TamisQuantization/GridLevels.swift": "SIMD lanes from and to bits, which SIMD has no initializer for",
                    "Sources/TamisQuantization/Reconstruction.swift": "SIMD lanes from bits, which SIMD has no initializer for",
                    "Sources/TamisEncoder/TensorStatistics.swift": "SIMD lanes from bits, which SIMD has no initializer for",
                    "Sources/TamisFiles/OutputFile+Signals.swift": "function pointers are compared by their bits",
                    "Sources/tamis-cli/Processes/RunningProcesses.swift": "function pointers are compared by their bits",
                ]
            ),
            ("force unwrap", /[\w\)\]\?>]!(?!=)/, [:]),
        ]
    }

    static func wordViolations(_ files: [SourceFile]) -> [String] {
        files.filter(\.isSwift).flatMap { file in
            forbidden.filter { $0.allowed[file.path] == nil }.flatMap { law in file.matches(law.pattern).map { "\(law.word): \($0)" } }
        }
    }

    /// Only executables speak.
    static func printViolations(_ files: [SourceFile]) -> [String] {
        files.filter { $0.isSwift && !executables.contains($0.module) }.flatMap { $0.matches(/\b(?:print|debugPrint|dump|putchar|puts|printf)\s*\(/) }
    }

    /// On the decode path no mathematics library and no fused operation: results would differ between machines.
    static func mathematicsViolations(_ files: [SourceFile]) -> [String] {
        files.filter { $0.isSwift && $0.module.hasPrefix("Tamis") && mathematics[$0.path] == nil }.flatMap {
            $0.matches(/\b(?:pow|exp|exp2|log|log2|log10|sin|cos|tanh|fma)\s*\(|\.addingProduct\(|\.addProduct\(/).filter { !$0.contains("PortableMath") }
        }
    }

    /// Files in which such words are no calls of a library.
    static let mathematics: [String: String] = [
        "Sources/TamisArithmetic/IndexContextCounts.swift": "the logarithm is a parameter, which the encoder gives: estimates of rates, not decoding",
        "Sources/TamisEncoder/PortableMath.swift": "declares them",
    ]

    // MARK: Memory

    /// Files of the decoder that make room for a number of things from the stream, how often, and what bounds the number first.
    static let allocations: [String: (count: Int, bound: String)] = [
        "Sources/TamisDecoder/CodedTensor.swift": (1, "slices: as many as the slice table has, two bytes of the unit each"),
        "Sources/TamisDecoder/CodedTensor+Decode.swift": (9, "lines, indices and their values: by requireRoom; raw bytes of a group: by checkExpansion"),
        "Sources/TamisDecoder/FloatContent.swift": (1, "classes of a slice: by requireRoom"),
        "Sources/TamisDecoder/DecodingPlan.swift": (1, "tensors: by level and limits"),
        "Sources/TamisDecoder/EncodedStream+Plan.swift": (3, "units, tensors and files: by level and limits"),
        "Sources/TamisDecoder/EncodedStream+Tensor.swift": (1, "bytes of a tensor: by requireRoom and checkExpansion"),
        "Sources/TamisDecoder/StreamSummary.swift": (1, "tensors: by level and limits"),
        "Sources/TamisDecoder/TensorPlaces.swift": (2, "tensors and holes: by level and limits"),
        "Sources/TamisDecoder/UnitJobs.swift": (1, "a group's bytes: by requireRoom and checkExpansion"),
        "Sources/TamisDecoder/WorkingMemory.swift": (1, "units of at most the size of a group"),
        "Sources/TamisDecoder/Topology.swift": (6, "the body: by level, limit and checkExpansion; tensors, aliases and files: by level and limits"),
    ]

    static func allocationViolations(_ files: [SourceFile], allowed: [String: (count: Int, bound: String)] = allocations) -> [String] {
        let decoder = files.filter { $0.isSwift && $0.module == "TamisDecoder" }
        let found = decoder.map { file in
            (file.path, file.matches(/[\]\)\?y]\(\s*repeating:|\breserveCapacity\s*\(|\bwithUnsafeTemporaryAllocation\s*\(|\bunsafeUninitializedCapacity:|\.allocate\s*\(/))
        }
        return found.filter { $0.1.count != allowed[$0.0]?.count ?? 0 }.flatMap { path, places in
            ["\(path) makes room in \(places.count) places, \(allowed[path]?.count ?? 0) are known"] + places
        } + allowed.keys.filter { path in !decoder.contains { $0.path == path } }.map { "\($0) is gone" }
    }

    // MARK: Names

    private static let catchAll: Set<String> = ["utils", "util", "utilities", "common", "misc", "helpers", "helper", "shared", "stuff", "tools"]

    static func catchAllViolations(_ files: [SourceFile]) -> [String] {
        files.filter { file in
            file.path.split(separator: "/").contains { part in
                let stem = part.split(separator: ".").first.map(String.init) ?? ""
                return stem.split(separator: "+").contains { catchAll.contains($0.lowercased()) }
            }
        }.map(\.path)
    }

    /// Files named after what several small declarations are about.
    static let freelyNamed: [String: String] = [
        "Sources/TamisArithmetic/LongRawBits.swift": "reader and writer of one form, side by side",
        "Sources/TamisArithmetic/RawBits.swift": "reader and writer of one form, side by side",
        "Sources/TamisBits/CheckedSize.swift": "checked operations of UInt64",
    ]

    /// A file has the name of a type or function it declares, or `Type+Concern` for an extension.
    static func fileNameViolations(_ files: [SourceFile]) -> [String] {
        // Functions of the C library are together by the sections of its header.
        files.filter { $0.isSwift && $0.name != "main.swift" && freelyNamed[$0.path] == nil && !$0.text.contains("\n@c @implementation ") }.filter { file in
            let stem = file.name.dropLast(6)
            let parts = stem.split(separator: "+", maxSplits: 1)
            let code = file.code.joined(separator: "\n")
            guard let type = parts.first else { return true }
            if parts.count == 2 { return !code.contains(try! Regex("\\bextension\\s+(?:\\w+\\.)*\(type)\\b")) }
            let function = type.prefix(1).lowercased() + type.dropFirst()
            return !code.contains(try! Regex("\\b(?:struct|class|enum|protocol|actor)\\s+\(type)\\b|\\bfunc\\s+\(function)\\b"))
        }.map(\.path)
    }

    // MARK: Words for people

    /// Every public type, function, subscript, static member and computed requirement says what it is for. A stored property or an
    /// initializer may leave that to its type.
    static func documentationViolations(_ files: [SourceFile]) -> [String] {
        files.filter { $0.isSwift && $0.module.hasPrefix("Tamis") }.flatMap { file in
            var documented = false
            var violations: [String] = []
            for (number, line) in file.lines.enumerated() {
                let text = line.drop { $0 == " " }
                if text.hasPrefix("///") { documented = true; continue }
                // Functions of the C library are documented in its header.
                if text.hasPrefix("@c @implementation ") { continue }
                let isCandidate = text.hasPrefix("@") || text.hasPrefix("public ") || text.hasPrefix("open ")
                if isCandidate && text.contains(/^(?:@\w+(?:\([^)]*\))?\s+)*(?:public|open)\s+(?:final\s+|static\s+|mutating\s+|indirect\s+)*(?:struct|class|enum|protocol|actor|func|subscript|typealias|static)\b|^(?:@\w+(?:\([^)]*\))?\s+)*public\s+static\b/) && !documented {
                    violations.append("\(file.path):\(number + 1): \(text.prefix(100))")
                }
                // Attributes may stand between the words and the declaration.
                documented = documented && text.hasPrefix("@") && !text.contains(/\b(?:public|func|var|let|init|struct|enum|class)\b/)
            }
            return violations
        }
    }

    /// Paths that exist on one machine only.
    static func machinePathViolations(_ files: [SourceFile]) -> [String] {
        files.filter { file in ["home", "Users", "root", "work"].contains { file.text.contains("/\($0)/") } }.flatMap { file in
            file.lines.enumerated().filter { $0.element.contains(/(?:^|[\s"'`(=:])\/(?:home|Users|root|work)\/\w/) }
                .map { "\(file.path):\($0.offset + 1): \($0.element.prefix(120))" }
        }
    }
}
