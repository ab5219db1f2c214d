import ArgumentParser
import TamisEncoder

extension FeedbackChoice: ExpressibleByArgument {}
