import Testing

/// A law that cannot fail is none: each sees a violation made for it, and lets pass what is sound.
@Suite("Each law sees its violation")
struct PlantedViolationTests {
    private static func file(_ text: String, _ path: String = "Sources/TamisDecoder/Planted.swift") -> [SourceFile] { [SourceFile(path, text)] }

    @Test(arguments: [
        "import TamisEncoder", "import Foundation", "import Glibc", "@_exported import TamisFiles", "package import TamisONNX", "import struct TamisEncoder.Glob",
        "  import Dispatch", "import Tamis", "@testable import TamisEncoder",
    ])
    func imports(_ line: String) { #expect(Law.importViolations(Self.file(line)).count == 1) }

    @Test func importsThatAreSound() {
        #expect(Law.importViolations(Self.file("import TamisBits\nimport Synchronization\n// import Foundation\nlet a = \"import Glibc\"")) == [])
        #expect(Law.importViolations(Self.file("import Foundation", "Sources/tamis-cli/Planted.swift")) == [])
        #expect(Law.importViolations(Self.file("", "Sources/TamisNew/Planted.swift")).count == 1)
        #expect(Law.importViolations(Self.file("import TamisBits", "Sources/TamisBits/Planted.swift")).count == 1)
    }

    @Test func manifest() {
        let sound = Package.manifest.text
        let changes = [
            ("module(\"TamisBits\")", "module(\"TamisBits\", [\"TamisModel\"])"), ("module(\"TamisDecoder\", [", "module(\"TamisDecoder\", [\"TamisEncoder\", "),
            ("module(\"TamisThreads\", ", "module(\"TamisOther\", "),
        ]
        for (old, new) in changes {
            #expect(sound.contains(old))
            #expect(!Law.manifestViolations(SourceFile("Package.swift", sound.replacing(old, with: new))).isEmpty, "\(new)")
        }
    }

    @Test(arguments: [
        "let a = try! f()", "let a = b as! C", "fatalError()", "fatalError(\"\\(a)\")", "unsafeBitCast(a, to: B.self)", "let a = b!", "let a = b()!", "let a = b[0]!.c",
        "var a: Int!", "let a = b!\n", "f(a!, b)", "preconditionFailure()", "let a: [Int]! = nil", "let a = b?.c!",
    ])
    func forbiddenWords(_ line: String) { #expect(!Law.wordViolations(Self.file("let before = 1\n" + line)).isEmpty) }

    @Test(arguments: [
        "if a != b { }", "if !a { }", "f(!a)", "// a!", "/// Wow!", "let a = \"b!\"", "let a = \"\\(b) c!\"", "/* try! */", "let a = \"fatalError(\"", "a !== b", "let a = \"\"\"\nb!\n\"\"\"",
        "let a = \"\\(f(\"x\"))!\"", "try? f()", "b as? C",
    ])
    func soundWords(_ line: String) { #expect(Law.wordViolations(Self.file(line)) == []) }

    @Test func exceptionsAreForTheirFilesOnly() {
        #expect(Law.wordViolations(Self.file("unsafeBitCast(a, to: B.self)", "Sources/TamisEncoder/TensorStatistics.swift")) == [])
        #expect(Law.wordViolations(Self.file("a!", "Sources/TamisEncoder/TensorStatistics.swift")).count == 1)
    }

    @Test func speaking() {
        for line in ["print(a)", "debugPrint(a)", "dump(a)", "    print (a)"] { #expect(Law.printViolations(Self.file(line)).count == 1, "\(line)") }
        for line in ["blueprint(a)", "// print(a)", "\"print(a)\"", "footprint (a)"] { #expect(Law.printViolations(Self.file(line)) == [], "\(line)") }
        #expect(Law.printViolations(Self.file("print(a)", "Sources/tamis-cli/main.swift")) == [])
    }

    @Test func mathematics() {
        for line in ["let a = pow(2, b)", "log2(a)", "a.addingProduct(b, c)", "exp(a)"] { #expect(Law.mathematicsViolations(Self.file(line)).count == 1, "\(line)") }
        for line in ["PortableMath.log2(a)", "catalog(a)", "a.squareRoot()"] { #expect(Law.mathematicsViolations(Self.file(line)) == [], "\(line)") }
    }

    @Test func allocations() {
        let path = "Sources/TamisDecoder/Planted.swift"
        for line in ["[UInt8](repeating: 0, count: n)", "a.reserveCapacity(n)", "withUnsafeTemporaryAllocation(of: Int.self, capacity: n) { _ in }"] {
            #expect(!Law.allocationViolations(Self.file(line), allowed: [:]).isEmpty)
            #expect(Law.allocationViolations(Self.file(line), allowed: [path: (1, "")]) == [])
            #expect(!Law.allocationViolations(Self.file(line + "\n" + line), allowed: [path: (1, "")]).isEmpty)
            #expect(Law.allocationViolations(Self.file(line, "Sources/TamisEncoder/Planted.swift"), allowed: [:]) == [])
        }
        #expect(!Law.allocationViolations([], allowed: [path: (1, "")]).isEmpty)
    }

    @Test func catchAll() {
        for path in ["Sources/TamisBits/Utils.swift", "Sources/Common/A.swift", "Sources/TamisBits/Helpers/A.swift", "Tests/Misc/a.py", "Sources/A/Array+Utilities.swift"] {
            #expect(Law.catchAllViolations(Self.file("", path)) == [path])
        }
        #expect(Law.catchAllViolations(Self.file("", "Sources/TamisBits/CommonPrefix.swift")) == [])
    }

    @Test func fileNames() {
        #expect(Law.fileNameViolations(Self.file("struct Planted {}\nstruct Other {}")) == [])
        #expect(Law.fileNameViolations(Self.file("func planted() {}")) == [])
        for text in ["struct Other {}", "// struct Planted", "struct PlantedTwo {}", "extension Planted {}"] { #expect(Law.fileNameViolations(Self.file(text)).count == 1) }
        let concern = "Sources/TamisBits/Planted+Writing.swift"
        #expect(Law.fileNameViolations(Self.file("extension Planted {}", concern)) == [])
        #expect(Law.fileNameViolations(Self.file("extension Outer.Planted: Equatable {}", concern)) == [])
        #expect(Law.fileNameViolations(Self.file("struct Planted {}", concern)).count == 1)
    }

    @Test func documentation() {
        for text in ["public struct A {}", "/// Words.\n\npublic func a() {}", "// no words\npublic enum A {}", "@inlinable\npublic func a() {}", "public static let a = 1", "public final class A {}"] {
            #expect(Law.documentationViolations(Self.file(text)).count == 1, "\(text)")
        }
        for text in ["/// Words.\npublic struct A {}", "/// Words.\n@inlinable @unsafe\npublic func a() {}", "/// Words.\n@inlinable public func a() {}", "public var a: Int", "package struct A {}"] {
            #expect(Law.documentationViolations(Self.file(text)) == [], "\(text)")
        }
    }

    @Test func machinePaths() {
        // Put together here, so that this file keeps the law.
        for root in ["home", "Users", "root", "work"] {
            #expect(Law.machinePathViolations(Self.file("see \"/\(root)/someone/x\"")).count == 1)
            #expect(Law.machinePathViolations(Self.file("/\(root)/someone")).count == 1)
        }
        #expect(Law.machinePathViolations(Self.file("https://example.org/home/page, a/\("work")/b, /usr/bin")) == [])
    }
}
