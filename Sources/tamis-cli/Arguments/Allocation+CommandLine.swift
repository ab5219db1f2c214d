import ArgumentParser
import TamisEncoder

extension EncodingOptions.Allocation: ExpressibleByArgument {}
