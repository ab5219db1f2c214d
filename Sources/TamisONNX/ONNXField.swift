/// Field numbers of `onnx.proto3` (github.com/onnx/onnx, release 1.23; numbers never change once released).
///
/// Only the fields that lead to a tensor or say something about one; all others are skipped and stay in the skeleton.
enum ONNXField {
    enum Model {
        static let irVersion: UInt32 = 1
        static let producerName: UInt32 = 2
        static let producerVersion: UInt32 = 3
        static let graph: UInt32 = 7
        static let opsetImport: UInt32 = 8
        static let trainingInfo: UInt32 = 20
        static let functions: UInt32 = 25
    }

    enum OperatorSetId {
        static let domain: UInt32 = 1
        static let version: UInt32 = 2
    }

    enum TrainingInfo {
        static let initialization: UInt32 = 1
        static let algorithm: UInt32 = 2
    }

    enum Function {
        static let name: UInt32 = 1
        static let node: UInt32 = 7
        static let domain: UInt32 = 10
        static let attributeProto: UInt32 = 11
    }

    enum Graph {
        static let node: UInt32 = 1
        static let name: UInt32 = 2
        static let initializer: UInt32 = 5
        static let input: UInt32 = 11
        static let output: UInt32 = 12
        static let sparseInitializer: UInt32 = 15
    }

    enum ValueInfo {
        static let name: UInt32 = 1
    }

    /// Values of `TensorProto.data_type`.
    enum ElementType {
        static let float32: UInt64 = 1
        static let int8: UInt64 = 3
        static let int4: UInt64 = 22
    }

    enum Node {
        static let input: UInt32 = 1
        static let output: UInt32 = 2
        static let name: UInt32 = 3
        static let opType: UInt32 = 4
        static let attribute: UInt32 = 5
        static let domain: UInt32 = 7
    }

    enum Attribute {
        static let name: UInt32 = 1
        static let f: UInt32 = 2
        static let i: UInt32 = 3
        static let s: UInt32 = 4
        static let t: UInt32 = 5
        static let g: UInt32 = 6
        static let ints: UInt32 = 8
        static let tensors: UInt32 = 10
        static let graphs: UInt32 = 11
        static let type: UInt32 = 20
        static let sparseTensor: UInt32 = 22
        static let sparseTensors: UInt32 = 23
    }

    /// Values of `AttributeProto.type`.
    enum AttributeType {
        static let undefined: UInt64 = 0
        static let integer: UInt64 = 2
        static let tensor: UInt64 = 4
        static let graph: UInt64 = 5
        static let tensors: UInt64 = 9
        static let graphs: UInt64 = 10
        static let sparseTensor: UInt64 = 11
        static let sparseTensors: UInt64 = 12
    }

    enum SparseTensor {
        static let values: UInt32 = 1
        static let indices: UInt32 = 2
    }

    enum Tensor {
        static let dims: UInt32 = 1
        static let dataType: UInt32 = 2
        static let segment: UInt32 = 3
        static let floatData: UInt32 = 4
        static let int32Data: UInt32 = 5
        static let stringData: UInt32 = 6
        static let int64Data: UInt32 = 7
        static let name: UInt32 = 8
        static let rawData: UInt32 = 9
        static let doubleData: UInt32 = 10
        static let uint64Data: UInt32 = 11
        static let docString: UInt32 = 12
        static let externalData: UInt32 = 13
        static let dataLocation: UInt32 = 14
    }

    /// Values of `TensorProto.data_location`.
    enum DataLocation {
        static let inline: UInt64 = 0
        static let external: UInt64 = 1
    }

    /// An entry of `TensorProto.external_data`.
    enum StringStringEntry {
        static let key: UInt32 = 1
        static let value: UInt32 = 2
    }
}
