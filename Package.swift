// swift-tools-version: 6.2
import PackageDescription

/// Settings every Swift target shares: a warning is an error, and each unsafe expression is marked as such.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
]
/// Settings of targets whose code is a thin layer over unsafe C interfaces, where the marks would say nothing.
let warningsAreErrors: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A module of the library. Arrows go down only; ARCHITECTURE.md draws them and `ArchitectureTests` checks them.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], _ settings: [SwiftSetting] = strict, exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

func tests(of name: String, _ more: [Target.Dependency] = []) -> Target {
    .testTarget(name: name + "Tests", dependencies: [.byName(name: name)] + more, swiftSettings: warningsAreErrors)
}

let package = Package(
    name: "tamis",
    products: [
        .library(name: "Tamis", targets: ["Tamis"]),
        .library(name: "TamisC", type: .dynamic, targets: ["TamisC"]),
        .executable(name: "tamis", targets: ["tamis-cli"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "CSHA256"),

        module("TamisBits"),
        module("TamisDigest", ["CSHA256"]),
        module("TamisThreads", ["TamisBits"]),
        module("TamisZstd", ["CZstd", "TamisBits"], warningsAreErrors),
        module("TamisModel", ["TamisBits"]),
        module("TamisArithmetic", ["TamisBits", "TamisModel"]),
        module("TamisQuantization", ["TamisBits", "TamisModel"]),
        module("TamisSyntax", ["TamisBits", "TamisModel"]),
        module("TamisDecoder", ["TamisBits", "TamisModel", "TamisSyntax", "TamisArithmetic", "TamisQuantization", "TamisDigest", "TamisThreads", "TamisZstd"]),
        module("TamisEncoder", ["TamisBits", "TamisModel", "TamisSyntax", "TamisArithmetic", "TamisQuantization", "TamisDigest", "TamisThreads", "TamisZstd"]),
        module("TamisONNX", ["TamisBits", "TamisModel"]),
        module("TamisSafetensors", ["TamisBits", "TamisModel"]),
        module("TamisFiles", ["TamisBits"], warningsAreErrors),
        module("Tamis", ["TamisBits", "TamisModel", "TamisSyntax", "TamisDecoder", "TamisEncoder", "TamisONNX", "TamisSafetensors", "TamisFiles", "TamisDigest", "TamisThreads", "TamisQuantization", "TamisZstd"]),
        module("TamisRecipes", ["TamisBits", "TamisModel", "TamisDigest", "TamisEncoder", "TamisSafetensors", "TamisSyntax"], warningsAreErrors),
        module("TamisYAML", ["TamisBits", "TamisRecipes", "Yams"], warningsAreErrors),
        .systemLibrary(name: "CTamis", path: "Sources/TamisC/include"),
        module("TamisC", ["CTamis", "Tamis", "TamisBits", "TamisDecoder", "TamisEncoder", "TamisFiles", "TamisModel", "TamisRecipes", "TamisSyntax", "TamisThreads"], warningsAreErrors, exclude: ["exports.map", "include"]),
        module("TamisConformance", ["TamisBits", "TamisModel", "TamisSyntax", "TamisDecoder", "TamisQuantization", "TamisDigest", "TamisThreads", "TamisZstd", "Tamis"]),
        .executableTarget(
            name: "tamis-cli",
            dependencies: [
                "Tamis", "TamisRecipes", "TamisYAML", "TamisConformance", "TamisBits", "TamisModel", "TamisSyntax", "TamisDecoder", "TamisEncoder", "TamisONNX", "TamisFiles", "TamisDigest", "TamisThreads",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: warningsAreErrors),
        .executableTarget(
            name: "tamis-speed",
            dependencies: [
                "Tamis", "TamisBits", "TamisModel", "TamisSyntax", "TamisArithmetic", "TamisQuantization", "TamisDecoder", "TamisFiles", "TamisThreads",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/Speed", swiftSettings: warningsAreErrors),

        .target(
            name: "TamisTestSupport", dependencies: ["TamisBits", "TamisModel", "TamisSyntax", "TamisDigest", "TamisQuantization", "TamisDecoder"], path: "Tests/TamisTestSupport",
            swiftSettings: warningsAreErrors),
        tests(of: "TamisBits", ["TamisTestSupport"]),
        tests(of: "TamisDigest", ["TamisTestSupport"]),
        tests(of: "TamisArithmetic", ["TamisBits", "TamisTestSupport"]),
        tests(of: "TamisQuantization", ["TamisBits", "TamisModel", "TamisTestSupport"]),
        tests(of: "TamisSyntax", ["TamisBits", "TamisTestSupport"]),
        tests(of: "TamisEncoder", ["TamisArithmetic", "TamisBits", "TamisDecoder", "TamisModel", "TamisQuantization", "TamisSyntax", "TamisTestSupport", "TamisThreads"]),
        tests(of: "TamisONNX", ["TamisBits", "TamisTestSupport"]),
        tests(of: "TamisSafetensors", ["TamisBits", "TamisModel", "TamisTestSupport"]),
        tests(of: "TamisFiles", ["TamisBits"]),
        tests(of: "TamisZstd", ["TamisBits", "TamisTestSupport"]),
        tests(
            of: "Tamis",
            ["TamisBits", "TamisModel", "TamisSyntax", "TamisArithmetic", "TamisQuantization", "TamisDecoder", "TamisEncoder", "TamisDigest", "TamisZstd", "TamisTestSupport"]),
        tests(of: "TamisRecipes", ["TamisYAML", "TamisBits", "TamisEncoder", "TamisModel", "TamisTestSupport"]),
        tests(of: "TamisConformance", ["Tamis", "TamisBits", "TamisDecoder", "TamisModel", "TamisSyntax", "TamisDigest", "TamisTestSupport", "TamisThreads"]),
        tests(of: "TamisC", ["CTamis", "Tamis", "TamisDigest", "TamisRecipes", "TamisYAML", "TamisTestSupport"]),
        .testTarget(name: "ArchitectureTests", swiftSettings: warningsAreErrors),
        .testTarget(name: "CommandLineTests", dependencies: ["Tamis", "TamisBits", "TamisDigest", "TamisThreads", "TamisTestSupport", "tamis-cli"], swiftSettings: warningsAreErrors),
    ],
    swiftLanguageModes: [.v6]
)
