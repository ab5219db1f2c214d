import ArgumentParser
import TamisEncoder

extension IntegerGrid: ExpressibleByArgument {}
