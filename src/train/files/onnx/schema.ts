// The part of ONNX's file format that is used here: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3, field by field, and the
// same as types. Readers skip fields that they do not know, so that the part reads files that use more.

export const ONNX_PROTO = `
syntax = "proto3";
package onnx;

message ModelProto {
  int64 ir_version = 1;
  string producer_name = 2;
  GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message StringStringEntryProto { string key = 1; string value = 2; }
message GraphProto {
  repeated NodeProto node = 1;
  string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string name = 3;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
}
message AttributeProto {
  enum AttributeType { UNDEFINED = 0; FLOAT = 1; INT = 2; INTS = 7; }
  string name = 1;
  float f = 2;
  int64 i = 3;
  repeated int64 ints = 8;
  AttributeType type = 20;
}
message TensorProto {
  repeated int64 dims = 1;
  int32 data_type = 2;
  string name = 8;
  bytes raw_data = 9;
}
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto {
  message Tensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
  Tensor tensor_type = 1;
}
message TensorShapeProto {
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  repeated Dimension dim = 1;
}`;

/** TensorProto.DataType. */
export const FLOAT = 1;
export const INT64 = 7;
export type OnnxType = typeof FLOAT | typeof INT64;

export interface OnnxTensor {
  readonly name: string;
  readonly dims: number[];
  readonly dataType: number;
  /** Little-endian. */
  readonly rawData: Uint8Array;
}

export type OnnxAttribute =
  | { readonly name: string; readonly type: 'INT'; readonly i: number }
  | { readonly name: string; readonly type: 'INTS'; readonly ints: number[] }
  | { readonly name: string; readonly type: 'FLOAT'; readonly f: number };

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly input: string[];
  readonly output: string[];
  readonly attribute: OnnxAttribute[];
}

export interface OnnxValue {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: typeof FLOAT;
      readonly shape: { readonly dim: ({ readonly dimValue: number } | { readonly dimParam: string })[] };
    };
  };
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly opsetImport: { readonly domain: string; readonly version: number }[];
  readonly metadataProps: { readonly key: string; readonly value: string }[];
  readonly graph: {
    readonly name: string;
    readonly node: OnnxNode[];
    readonly initializer: OnnxTensor[];
    readonly input: OnnxValue[];
    readonly output: OnnxValue[];
  };
}
