import Testing

@Suite("The code keeps its laws")
struct LawTests {
    @Test func theLawsSeeTheSources() {
        #expect(Package.sources.count > 100)
        #expect(Set(Package.sources.map(\.module)).isSuperset(of: Law.modules.map(\.name)))
        #expect(Package.all.contains { $0.path == "Package.swift" } && Package.all.contains { $0.path == "Tests/ArchitectureTests/LawTests.swift" })
    }

    @Test func arrowsGoDownOnly() {
        #expect(Law.importViolations(Package.sources) == [])
        #expect(Law.manifestViolations(Package.manifest) == [])
        var below: Set<String> = []
        for module in Law.modules {
            #expect(module.package.isSubset(of: below), "\(module.name)")
            below.insert(module.name)
        }
    }

    /// The decoder is what gets embedded: it brings neither the encoder nor a converter nor the disk, and the encoder no decoder.
    @Test func decoderAndEncoderStandAlone() {
        #expect(Self.closure("TamisDecoder").isDisjoint(with: ["TamisEncoder", "TamisONNX", "TamisFiles", "Tamis"]))
        #expect(Self.closure("TamisEncoder").isDisjoint(with: ["TamisDecoder", "TamisONNX", "TamisFiles", "Tamis"]))
    }

    /// Who links a library gets no parser of YAML, and with it no Foundation; in Swift no recipes either.
    @Test func theLibraryBringsNoFoundation() {
        #expect(!Self.closure("Tamis").contains("TamisRecipes"))
        let modules = Self.closure("TamisC").union(["Tamis", "TamisC"])
        for module in Law.modules where modules.contains(module.name) {
            #expect(Set(module.system.keys).isDisjoint(with: ["Foundation", "Yams"]), "\(module.name)")
        }
    }

    private static func closure(_ name: String) -> Set<String> {
        let own = Law.modules.first { $0.name == name }?.package ?? []
        return own.reduce(own) { $0.union(closure($1)) }
    }

    @Test func forbiddenWords() { #expect(Law.wordViolations(Package.sources) == []) }
    @Test func onlyExecutablesSpeak() { #expect(Law.printViolations(Package.sources) == []) }
    @Test func noMathematicsLibrary() { #expect(Law.mathematicsViolations(Package.sources) == []) }
    @Test func allocationsOfTheDecoderAreKnown() { #expect(Law.allocationViolations(Package.sources) == []) }
    @Test func noCatchAll() { #expect(Law.catchAllViolations(Package.all) == []) }
    @Test func filesAreNamedAfterTheirTypes() { #expect(Law.fileNameViolations(Package.sources) == []) }
    @Test func publicDeclarationsAreDocumented() { #expect(Law.documentationViolations(Package.sources) == []) }
    @Test func noMachinePaths() { #expect(Law.machinePathViolations(Package.all) == []) }

    /// Exceptions that nothing needs any more are taken off the lists.
    @Test func exceptionsAreInUse() {
        for law in Law.forbidden {
            for path in law.allowed.keys { #expect(Package.sources.first { $0.path == path }.map { !$0.matches(law.pattern).isEmpty } == true, "\(law.word) in \(path)") }
        }
        for path in Law.mathematics.keys {
            let file = Package.sources.first { $0.path == path }
            #expect(file.map { !$0.matches(/\b(?:exp2|log2)\s*\(/).isEmpty } == true, "\(path)")
        }
        for path in Law.freelyNamed.keys { #expect(Package.sources.contains { $0.path == path }, "\(path)") }
        for module in Law.modules {
            let used = Set(Package.sources.filter { $0.module == module.name }.flatMap(Law.imports))
            for name in module.system.keys { #expect(used.contains(name), "\(module.name) does not import \(name)") }
        }
    }
}
