/** A .proto file as plain data: what compatibility depends on. Names are full, without a leading dot. */
export type ProtoSchema = { readonly messages: readonly ProtoMessage[]; readonly enums: readonly ProtoEnum[] };

export type ProtoMessage = {
  readonly name: string;
  /** Not inside of another message: what may be kept as a record of its own. */
  readonly isTopLevel: boolean;
  readonly fields: readonly ProtoField[];
  readonly reserved: ProtoReserved;
};

export type ProtoField = {
  readonly name: string;
  readonly number: number;
  readonly type: ProtoType;
  readonly isRepeated: boolean;
  /** `implicit`: a zero is not written, so nobody can tell it from nothing. */
  readonly presence: "implicit" | "explicit" | "required";
  /** Null outside of any. */
  readonly oneof: string | null;
  /** What a reader sees where nothing was written, if the file says so. */
  readonly default: string | null;
};

export type ProtoType =
  | { readonly kind: "scalar"; readonly name: string }
  /** `isDelimited`: written as a group, not with its length in front. */
  | { readonly kind: "message"; readonly name: string; readonly isDelimited: boolean }
  | { readonly kind: "enum"; readonly name: string }
  | { readonly kind: "map"; readonly key: string; readonly value: ProtoType }
  /** Of another file. */
  | { readonly kind: "imported"; readonly name: string };

export type ProtoEnum = {
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly number: number }[];
  /** A closed enum drops numbers that it does not know; an open one keeps them. */
  readonly isClosed: boolean;
};

/** Ranges include both ends. */
export type ProtoReserved = {
  readonly numbers: readonly { readonly from: number; readonly to: number }[];
  readonly names: readonly string[];
};
