import TamisBits

/// Where several outputs go: a model and files below its folder.
struct Destinations {
    private let path: String
    private let name: String
    private let sideFiles: [RelativePath]
    /// Those that hold an output or lie on the way to one, outer ones first.
    private(set) var folders: [OutputFolder]
    /// Places in `folders` of those below the first, by their paths.
    private var numbers: [[UInt8]: Int] = [:]

    /// - Throws: `cannot_create`, `invalid_argument`.
    init(_ path: String, _ sideFiles: [String]) throws(TamisError) {
        let (parent, name) = try OutputFile.split(path)
        self.path = path
        self.name = name
        var paths: [RelativePath] = []
        var names: Set<[UInt8]> = [Array(name.utf8)]
        for file in sideFiles {
            paths.append(try RelativePath(file, code: .cannotCreate))
            if !names.insert(Array(file.utf8)).inserted { throw Self.contradiction("two files of the model are to have this name", file) }
        }
        for (file, path) in zip(sideFiles, paths) where path.folders.contains(where: { names.contains($0) }) {
            throw Self.contradiction("a file of the model is to lie in another file of it", file)
        }
        self.sideFiles = paths
        folders = [OutputFolder(try OutputFile.open(directory: parent, path: path), path: parent)]
    }

    private static func contradiction(_ message: String, _ file: String) -> TamisError {
        TamisError(.invalidArgument, message, file: file, advice: "give the model another name")
    }

    /// Makes the folders and the temporaries, the model's first.
    mutating func outputs(overwrite: Bool, inputs: [FileIdentity]) throws(TamisError) -> [PendingOutput] {
        var places = [(folder: 0, name: name, path: path)]
        for file in sideFiles {
            let folder = try folder(of: file)
            places.append((folder, file.last, folders[folder].path + "/" + file.last))
        }
        let statuses = try places.map { (place) throws(TamisError) in
            try OutputFile.destination(place.name, in: folders[place.folder].descriptor, path: place.path, overwrite: overwrite, inputs: inputs)
        }
        for number in folders.indices {
            OutputFile.removeStale(for: places.filter { $0.folder == number }.map(\.name), in: folders[number].descriptor)
        }
        var outputs: [PendingOutput] = []
        do throws(TamisError) {
            for (place, status) in zip(places, statuses) {
                outputs.append(try PendingOutput(place.name, in: folders[place.folder], path: place.path, old: status))
            }
        } catch {
            for output in outputs { output.discard() }
            throw error
        }
        return outputs
    }

    /// Removes the folders made, inner ones first.
    func discard() {
        for folder in folders.reversed() { folder.discard() }
    }

    private mutating func folder(of file: RelativePath) throws(TamisError) -> Int {
        var number = 0
        for (name, key) in zip(file.components, file.folders) {
            if let known = numbers[key] {
                number = known
            } else {
                folders.append(try OutputFolder(name, in: folders[number]))
                number = folders.count - 1
                numbers[key] = number
            }
        }
        return number
    }
}
