import TamisModel

/// What an encoder did to a tensor that the tensor's coding does not tell.
package struct TensorTreatment: Sendable, Equatable {
    package var feedback: ErrorFeedback
    /// It is a bias that took up the mean error of its layer's outputs.
    package var isCorrected: Bool

    package init(feedback: ErrorFeedback = .none, isCorrected: Bool = false) {
        self.feedback = feedback
        self.isCorrected = isCorrected
    }
}
