/** The types of a lexicon method's parameters, input and output, as our code uses them. */
import type { l } from '@atproto/lex-schema'
import type { BodyStream } from '#src/gateway/http/body-stream.ts'

export type Schema = l.Query | l.Procedure

export type Params<S extends Schema> = InputOf<l.InferMethodParams<S>>
export type Input<S extends Schema> = InputOf<l.InferMethodInputBody<S, BodyStream>>
export type Output<S extends Schema> = OutputOf<l.InferMethodOutputBody<S, Uint8Array>>

/** Optional members are absent, never undefined; records are unvalidated JSON. */
type InputOf<T> = T extends string | BodyStream
  ? T
  : T extends readonly (infer Item)[]
    ? InputOf<Item>[]
    : T extends object
      ? {
          [Key in keyof T]: Key extends 'record' | 'value'
            ? unknown
            : InputOf<Exclude<T[Key], undefined>>
        }
      : T

/** Strings of a format (DID, handle, CID) are plain strings; maps without a schema are objects. */
type OutputOf<T> = T extends string
  ? string
  : T extends Uint8Array
    ? T
    : T extends readonly (infer Item)[]
      ? OutputOf<Item>[]
      : T extends object
        ? string extends keyof T
          ? object
          : { [Key in keyof T]: OutputOf<T[Key]> }
        : T
