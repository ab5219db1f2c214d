import Foundation

/// The package's files.
enum Package {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let manifest = SourceFile("Package.swift", text("Package.swift"))
    static let sources = files(in: "Sources")

    private static func text(_ path: String) -> String {
        (try? String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)) ?? ""
    }

    /// All files under a folder that are text, by their paths.
    static func files(in part: String) -> [SourceFile] {
        let paths = FileManager.default.subpaths(atPath: folder.appendingPathComponent(part).path) ?? []
        return paths.sorted().compactMap { path in
            let text = text("\(part)/\(path)")
            return text.isEmpty ? nil : SourceFile("\(part)/\(path)", text)
        }
    }

    /// Everything in the package's folder that would be committed and is text.
    static let all: [SourceFile] = {
        let top = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let committed = top.sorted().filter { name in
            name != ".git" && name != "out" && name != "dist" && name != "Package.resolved" && !name.hasPrefix(".build") && !name.hasPrefix(".venv")
        }
        return committed.flatMap { name in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path, isDirectory: &isFolder)
            return isFolder.boolValue ? files(in: name) : [SourceFile(name, text(name))]
        }
    }()
}
